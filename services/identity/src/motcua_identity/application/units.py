"""Units as of a day."""

from __future__ import annotations

from datetime import date
from itertools import islice

from motcua_identity.domain.calendar import civil_day
from motcua_identity.domain.unit import Resolution, Unit, UnitDirectory, UnitType
from motcua_kit.clock import Clock
from motcua_kit.store.paging import Page, PageSigner


class UnitApp:
    """Queries about units. Everybody may ask."""

    def __init__(self, units: UnitDirectory, signer: PageSigner, clock: Clock) -> None:
        self._units = units
        self._signer = signer
        self._clock = clock

    def get(self, code: str, day: date | None) -> Unit:
        """Return a unit as of a day, or of today.

        Raises:
            NotFound: the code was never used.
            PreconditionFailed: no unit has it on that day.
        """
        return self._units.get(code, day or self._today())

    def list(
        self, page: Page, day: date | None, type: UnitType | None, parent: str, query: str
    ) -> tuple[list[Unit], str]:
        """Return a page of the units in force by code.

        Raises:
            ValidationFailed: the page token is not valid.
        """
        after = self._signer.values(page.token, page.scope, 1)[0] if page.token else ""
        found = self._units.in_force(day or self._today(), type=type, parent=parent, query=query, after=after)
        units = list(islice(found, page.limit + 1))
        if len(units) <= page.limit:
            return units, ""
        units.pop()
        return units, self._signer.token([units[-1].code], page.scope)

    def resolve(self, code: str, written: date | None, day: date | None) -> Resolution:
        """Follow a code to the units that cover its area on a day, or today.

        Raises:
            NotFound: the code was never used.
            PreconditionFailed: no unit had it when it was written.
            ValidationFailed: the days are in the wrong order.
        """
        return self._units.resolve(code, written, day or self._today())

    def predecessors(self, unit: Unit) -> tuple[str, ...]:
        """Return the codes whose area a unit took over."""
        return self._units.predecessors(unit)

    def _today(self) -> date:
        return civil_day(self._clock())
