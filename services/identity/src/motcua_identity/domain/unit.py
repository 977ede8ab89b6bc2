"""Administrative units and agencies of the City through time.

A code is used again: 26740 was Phường Bến Nghé until 30 June 2025 and is Phường Sài Gòn since. A unit is therefore a
code between two days, and every question about one names a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from motcua_kit.domain import FieldViolation, NotFound, PreconditionFailed, ValidationFailed
from motcua_kit.domain.text import without_marks


class UnitType(StrEnum):
    """Kind of a unit."""

    PROVINCE = "province"
    DISTRICT = "district"
    WARD = "ward"
    COMMUNE = "commune"
    TOWNSHIP = "township"
    SPECIAL_ZONE = "special_zone"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Point:
    """WGS 84, degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Unit:
    """A code between two days.

    Attributes:
        code: official code, or a word for an agency.
        display_name: name with its type.
        type: kind.
        parent: code of the unit above; empty at the top.
        agency_code: mã định danh in national interchange (QĐ 20/2020); empty when it has none.
        valid_from: first day in force.
        valid_to: last day in force; None while it exists.
        successors: codes that took over the area the day after `valid_to`.
        centroid: a point in or near it; None for agencies.
        area_km2: 0 when not known.
    """

    code: str
    display_name: str
    type: UnitType
    parent: str
    agency_code: str
    valid_from: date
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    centroid: Point | None = None
    area_km2: float = 0.0

    def in_force(self, day: date) -> bool:
        """Tell whether the unit exists on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def name(self) -> str:
        """Resource name."""
        return f"units/{self.code}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of a unit: those that cover its area, and whether it was split on the way."""

    units: tuple[Unit, ...]
    ambiguous: bool


class UnitDirectory:
    """All units of the City, past and present.

    Args:
        units: in any order.

    Raises:
        ValueError: two units share a code on one day, or a successor or parent does not exist when it must.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self._by_code: dict[str, list[Unit]] = defaultdict(list)
        for unit in sorted(units, key=lambda unit: (unit.code, unit.valid_from)):
            self._by_code[unit.code].append(unit)
        self._predecessors: dict[tuple[str, date], list[str]] = defaultdict(list)
        for unit in self:
            self._check(unit)

    def __iter__(self) -> Iterator[Unit]:
        """Iterate over all units by code, then by time."""
        for versions in self._by_code.values():
            yield from versions

    def get(self, code: str, day: date) -> Unit:
        """Return a unit as of a day.

        Raises:
            NotFound: `UNIT_NOT_FOUND`; the code was never used.
            PreconditionFailed: `UNIT_NOT_IN_FORCE`; it was, but not on that day.
        """
        for unit in self._versions(code):
            if unit.in_force(day):
                return unit
        raise PreconditionFailed(
            "UNIT_NOT_IN_FORCE", "no unit has this code on that day", unit=f"units/{code}", date=day.isoformat()
        )

    def in_force(
        self, day: date, *, type: UnitType | None = None, parent: str = "", query: str = "", after: str = ""
    ) -> Iterator[Unit]:
        """Yield the units of a day by code.

        Args:
            day: the day.
            type: only of this kind.
            parent: only directly below this code.
            query: only those whose name holds these words, whatever their tones.
            after: only codes behind this one.
        """
        words = fold(query)
        for unit in self:
            if (
                unit.code > after
                and unit.in_force(day)
                and (type is None or unit.type is type)
                and (not parent or unit.parent == parent)
                and words in fold(unit.display_name)
            ):
                yield unit

    def predecessors(self, unit: Unit) -> tuple[str, ...]:
        """Return the codes whose area a unit took over, whole or in part."""
        return tuple(self._predecessors.get((unit.code, unit.valid_from), ()))

    def resolve(self, code: str, written: date | None, day: date) -> Resolution:
        """Follow a code to the units that cover its area on a day.

        Args:
            code: as written.
            written: when; None means the earliest unit that had the code.
            day: day for which the successors are wanted.

        Raises:
            NotFound: the code was never used.
            PreconditionFailed: no unit had it on `written`, or the earliest came after `day`.
            ValidationFailed: `day` lies before `written`.
        """
        if written is not None and day < written:
            message = "as_of_date lies before written_date"
            raise ValidationFailed(
                "UNIT_NOT_IN_FORCE",
                message,
                [FieldViolation("as_of_date", "UNIT_NOT_IN_FORCE", message)],
                unit=f"units/{code}",
                date=day.isoformat(),
            )
        start = self._versions(code)[0] if written is None else self.get(code, written)
        found: dict[str, Unit] = {}
        waiting = [start]
        ambiguous = False
        while waiting:
            unit = waiting.pop()
            if unit.valid_to is None or day <= unit.valid_to:
                found[unit.code] = unit
                continue
            ambiguous = ambiguous or len(unit.successors) > 1
            waiting += [self.get(heir, unit.valid_to + timedelta(days=1)) for heir in unit.successors]
        units = tuple(found[key] for key in sorted(found))
        if not units or any(not unit.in_force(day) for unit in units):
            raise PreconditionFailed(
                "UNIT_NOT_IN_FORCE", "nothing of it is in force", unit=f"units/{code}", date=day.isoformat()
            )
        return Resolution(units, ambiguous)

    def _versions(self, code: str) -> list[Unit]:
        if code not in self._by_code:
            raise NotFound("UNIT_NOT_FOUND", "no unit ever had this code", unit=f"units/{code}")
        return self._by_code[code]

    def _check(self, unit: Unit) -> None:
        """Insist that the unit fits in with the others, and note it with its successors."""
        same_code = self._by_code[unit.code]
        if sum(other.in_force(unit.valid_from) for other in same_code) != 1:
            message = f"unit {unit.code} exists twice on {unit.valid_from}"
            raise ValueError(message)
        if unit.parent and not any(parent.in_force(unit.valid_from) for parent in self._by_code.get(unit.parent, ())):
            message = f"unit {unit.code} has no parent {unit.parent} on {unit.valid_from}"
            raise ValueError(message)
        if unit.valid_to is None:
            return
        day = unit.valid_to + timedelta(days=1)
        for heir in unit.successors:
            if not any(other.valid_from == day for other in self._by_code.get(heir, ())):
                message = f"unit {unit.code} has no successor {heir} on {day}"
                raise ValueError(message)
            self._predecessors[heir, day].append(unit.code)


def fold(text: str) -> str:
    """Return the text without case, tones and marks, for search."""
    return " ".join(without_marks(text.casefold()).split())
