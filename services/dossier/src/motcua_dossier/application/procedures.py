"""The catalogue of procedures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from motcua_dossier.application.ports import Forms, Procedures
from motcua_dossier.domain.calendar import city_date
from motcua_dossier.domain.procedure import Procedure
from motcua_kit.clock import Clock
from motcua_kit.store import Page, PageSigner


@dataclass(frozen=True)
class Catalogue:
    """Reads procedures; anyone may."""

    procedures: Procedures
    forms: Forms
    signer: PageSigner
    clock: Clock

    def get(self, code: str, day: date | None) -> Procedure:
        """Return the version of a procedure in force on a day, today when none is given.

        Raises:
            NotFound: there is none.
        """
        return self.procedures.current(f"procedures/{code}", day or city_date(self.clock()))

    def page(self, day: date | None, page: Page) -> tuple[list[Procedure], str]:
        """Return a page of the procedures in force on a day, by code, and the token for the next.

        Raises:
            ValidationFailed: the page token is not valid for this call.
        """
        found = self.procedures.in_force(day or city_date(self.clock()))
        if page.token:
            (last,) = self.signer.values(page.token, page.scope, 1)
            found = [procedure for procedure in found if procedure.code > last]
        here = found[: page.limit]
        token = self.signer.token([here[-1].code], page.scope) if len(found) > page.limit else ""
        return here, token
