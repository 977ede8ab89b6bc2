"""Takes over the dossiers of the system before this one: lines are checked one by one and written in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property, lru_cache
from itertools import islice
from typing import Protocol

from motcua_dossier.application.ports import Calendars, Forms, Procedures, Registry, Unit
from motcua_dossier.domain.calendar import CityCalendar, city_date
from motcua_dossier.domain.codes import is_agency_code
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.past import PastDossier, RecordRefused
from motcua_dossier.domain.procedure import Procedure
from motcua_dossier.domain.takeover import about, taken_over
from motcua_kit.clock import Clock
from motcua_kit.command import Command
from motcua_kit.domain import FieldViolation, NotFound

BATCH = 500
"""Dossiers that are written at once: a few megabytes."""

REMEMBERED = 100_000
"""Accounts that are not asked for a second time."""

PURPOSE = "dossier.import"


@dataclass(frozen=True)
class Refusal:
    """Why a line was not taken; it holds nothing that a person wrote.

    Attributes:
        line: number of the line, from 1.
        code: code of the dossier; empty when it could not be read.
        field: dotted path of the field that is wrong; empty for the whole line.
        reason: UPPER_SNAKE constant.
        message: English sentence for operators.
    """

    line: int
    code: str
    field: str
    reason: str
    message: str


@dataclass
class Tally:
    """What has come of the lines so far."""

    lines: int = 0
    imported: int = 0
    known: int = 0
    refused: int = 0

    def __str__(self) -> str:
        return f"{self.lines} lines: {self.imported} imported, {self.known} there before, {self.refused} refused"


@dataclass(frozen=True)
class Prepared:
    """A dossier that can be written.

    Attributes:
        line: number of its line.
        past: what the old system says.
        fingerprint: hash of that, however it is spelled.
        dossier: what follows from it.
    """

    line: int
    past: PastDossier
    fingerprint: str
    dossier: Dossier


class Saved(Enum):
    """What came of a dossier that was to be written."""

    NEW = "new"
    KNOWN = "known"
    OTHER_CONTENT = "other_content"
    CODE_TAKEN = "code_taken"


class TakenOver(Protocol):
    """Where dossiers are written."""

    def save(self, dossiers: Sequence[Prepared], load: Command) -> list[Saved]:
        """Write those that are not there, each in whole or not at all; return what came of each, in order.

        Raises:
            DependencyDown: the database does not answer.
        """


Parse = Callable[[bytes], tuple[PastDossier, str]]
"""Reads a line into what it says and a fingerprint of that; raises RecordRefused."""


@dataclass(frozen=True)
class Importer:
    """Takes dossiers over. Use it for one run: it remembers what it has asked."""

    parse: Parse
    taken: TakenOver
    procedures: Procedures
    forms: Forms
    registry: Registry
    calendars: Calendars
    clock: Clock
    refuse: Callable[[Refusal], None] = field(default=lambda _: None)
    progress: Callable[[Tally], None] = field(default=lambda _: None)

    def run(self, lines: Iterable[tuple[int, bytes]], *, check: bool = False, reason: str = "") -> Tally:
        """Take over what numbered lines say; what is there from a run before is left as it is.

        Args:
            lines: the lines.
            check: look only, and write nothing.
            reason: why, for the histories.

        Raises:
            DependencyDown: a server does not answer; what was written stays, and a further run does the rest.
        """
        tally, numbered = Tally(), iter(lines)
        while batch := list(islice(numbered, BATCH)):
            prepared = list(self._prepared(batch, tally))
            load = Command(name="ImportDossier", actor="services/dossier", time=self.clock(), reason=reason)
            if not check:
                for one, saved in zip(prepared, self.taken.save(prepared, load), strict=True):
                    self._count(one, saved, tally)
            tally.lines += len(batch)
            self.progress(tally)
        return tally

    def _prepared(self, batch: Iterable[tuple[int, bytes]], tally: Tally) -> Iterator[Prepared]:
        for number, line in batch:
            code = ""
            try:
                past, fingerprint = self.parse(line)
                code = past.code
                yield Prepared(number, past, fingerprint, self._dossier(past))
            except RecordRefused as refused:
                tally.refused += 1
                for wrong in refused.violations:
                    self.refuse(Refusal(number, code, wrong.field, wrong.reason, wrong.message))

    def _count(self, one: Prepared, saved: Saved, tally: Tally) -> None:
        match saved:
            case Saved.NEW:
                tally.imported += 1
            case Saved.KNOWN:
                tally.known += 1
            case Saved.OTHER_CONTENT:
                tally.refused += 1
                message = "was imported before with other content"
                self.refuse(Refusal(one.line, one.past.code, "code", "CONTENT_DIFFERS", message))
            case Saved.CODE_TAKEN:
                tally.refused += 1
                message = "is the code of a dossier that was made here"
                self.refuse(Refusal(one.line, one.past.code, "code", "CODE_TAKEN", message))

    def _dossier(self, past: PastDossier) -> Dossier:
        """Return the dossier, checked by all that the City knows."""
        now = self.clock()
        if problems := list(past.problems(now)):
            raise RecordRefused(problems)
        with about("procedure"):
            procedure = self.procedures.current(past.procedure, city_date(past.submit_time))
        unit = self._unit(past.unit, city_date(now))
        if unit is None or unit.kind not in procedure.authorities or not is_agency_code(unit.agency_code):
            raise _refused("unit", "UNIT_NOT_COMPETENT", f"the unit does not handle {procedure.code}")
        if past.form or not past.ended:
            self._check_form(past, procedure)
        dossier = taken_over(past, procedure, unit.title, unit.agency_code, self._calendar)
        if not past.ended:
            self._check_open(past, dossier)
        return dossier

    def _check_open(self, past: PastDossier, dossier: Dossier) -> None:
        """Let only an open dossier pass that somebody can go on with, and that somebody waits for."""
        with about("papers"):
            dossier.papers.require_complete()
        if not self._account_exists(past.applicant):
            raise _refused(
                "applicant", "APPLICANT_UNKNOWN", "an open dossier needs an account that is told what happens"
            )

    def _check_form(self, past: PastDossier, procedure: Procedure) -> None:
        """Let only a form of the procedure pass; what is missing counts while the dossier is open."""
        if violations := self.forms.violations(procedure, past.form, complete=not past.ended):
            raise RecordRefused(violations)

    @cached_property
    def _calendar(self) -> CityCalendar:
        return self.calendars.current()

    @cached_property
    def _unit(self) -> Callable[[str, date], Unit | None]:
        @lru_cache
        def known(name: str, day: date) -> Unit | None:
            try:
                return self.registry.unit(name, day)
            except NotFound:
                return None

        return known

    @cached_property
    def _account_exists(self) -> Callable[[str], bool]:
        @lru_cache(REMEMBERED)
        def known(account: str) -> bool:
            try:
                return bool(account and self.registry.person(account, PURPOSE))
            except NotFound:
                return False

        return known


def _refused(place: str, reason: str, message: str) -> RecordRefused:
    return RecordRefused([FieldViolation(place, reason, message)])
