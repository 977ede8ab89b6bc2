"""The City's data about building permits: rules, conditions, procedures, numbers, as of a date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from motcua_kit.domain import PreconditionFailed
from motcua_permits.domain.bylaws import BuildingClass, Rule, RuleSet, problems_of
from motcua_permits.domain.review import Condition
from motcua_permits.domain.values import Confidence, LegalReference, LocalizedText, PermitKind


@dataclass(frozen=True)
class NumberExample:
    """A sequence number and year, and the permit number they must give."""

    sequence: int
    year: int
    number: str


@dataclass(frozen=True)
class Numbering:
    """How permits are numbered.

    Attributes:
        pattern: format with `sequence` and `year`.
        start_within_months: months in which the works must start.
    """

    pattern: str
    start_within_months: int
    source: str
    article: str
    confidence: Confidence
    valid_from: date
    valid_to: date | None
    examples: tuple[NumberExample, ...]

    def number(self, sequence: int, year: int) -> str:
        """Return the number of the permit at a place in the sequence of a year."""
        return self.pattern.format(sequence=sequence, year=year)


@dataclass(frozen=True)
class ConditionRecord:
    """A condition for granting a permit, as the City's data has it.

    Attributes:
        kinds: kinds of permit it belongs to.
    """

    code: str
    text: LocalizedText
    source: str
    article: str
    confidence: Confidence
    kinds: tuple[PermitKind, ...]
    valid_from: date
    valid_to: date | None = None

    def condition(self) -> Condition:
        """Return the condition as a checklist holds it, not yet reviewed."""
        return Condition(self.code, self.text, LegalReference(self.source, self.article, self.confidence.value))


@dataclass(frozen=True)
class PermitProcedure:
    """A procedure of the catalogue that is a building permit.

    Attributes:
        procedure: code of the procedure.
        kind: kind of permit, unless the form names another.
        form: printed form of NĐ 217/2026 Annex II.
        title: title of the permit.
        subject: what stands below the title.
    """

    procedure: str
    kind: PermitKind
    form: str
    title: str
    subject: str
    source: str
    article: str
    confidence: Confidence
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class LegalBasis:
    """A law that permits name as their basis, as it is printed."""

    text: str
    source: str
    article: str
    confidence: Confidence
    valid_from: date
    valid_to: date | None = None


class _Dated(Protocol):
    @property
    def valid_from(self) -> date: ...

    @property
    def valid_to(self) -> date | None: ...


Record = TypeVar("Record", bound=_Dated)


def in_force(records: Iterable[Record], day: date) -> list[Record]:
    """Return the records in force on a day."""
    return [one for one in records if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)]


@dataclass(frozen=True)
class Catalogue:
    """All of it."""

    rules: tuple[Rule, ...]
    classes: tuple[BuildingClass, ...]
    conditions: tuple[ConditionRecord, ...]
    procedures: tuple[PermitProcedure, ...]
    numberings: tuple[Numbering, ...]
    legal_basis: tuple[LegalBasis, ...]

    def problems(self) -> list[str]:
        """Say what is wrong with the data; nothing when it is sound."""
        return problems_of(self.rules)

    def procedure(self, code: str, day: date) -> PermitProcedure | None:
        """Return the procedure in force on a day; None when it is no building permit."""
        return next((one for one in in_force(self.procedures, day) if one.procedure == code), None)

    def is_permit(self, code: str) -> bool:
        """Tell whether a procedure is, or once was, a building permit."""
        return any(one.procedure == code for one in self.procedures)

    def rule_set(self, day: date) -> RuleSet:
        """Return the rules in force on a day.

        Raises:
            PreconditionFailed: there are none.
        """
        return RuleSet.on(day, self.rules, self.classes)

    def checklist(self, kind: PermitKind, day: date) -> tuple[Condition, ...]:
        """Return the conditions of a kind of permit on a day."""
        return tuple(one.condition() for one in in_force(self.conditions, day) if kind in one.kinds)

    def numbering(self, day: date) -> Numbering:
        """Return how permits are numbered on a day.

        Raises:
            PreconditionFailed: the data does not say.
        """
        for one in in_force(self.numberings, day):
            return one
        raise PreconditionFailed("RULE_SET_MISSING", f"no numbering in force on {day}", date=day.isoformat())
