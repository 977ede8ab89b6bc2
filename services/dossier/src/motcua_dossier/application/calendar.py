"""The working calendar: replaced as a whole, and every open due date with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from motcua_dossier.application.ports import AggregateType, Calendars, Repository
from motcua_dossier.domain.calendar import CityCalendar, Override, closing_time
from motcua_dossier.domain.consultation import Consultation, ConsultationState
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.states import CLOCKS, Clock
from motcua_kit.command import Command
from motcua_kit.domain import NotFound

BATCH = 200
"""Documents read at a time while all open ones are gone through."""

OPEN_STATES = [state.value for state, clock in CLOCKS.items() if clock in (Clock.RUNNING, Clock.PAUSED)]


@dataclass(frozen=True)
class Computed:
    """A due time and the day of receipt that it is counted from."""

    receipt_date: date
    due_time: datetime


@dataclass(frozen=True)
class CalendarOffice:
    """Commands and queries on the calendar."""

    repository: Repository[CityCalendar]
    calendars: Calendars
    dossiers: Repository[Dossier]
    consultations: Repository[Consultation]

    def get(self, identity: str) -> CityCalendar:
        """Return the calendar in use.

        Raises:
            NotFound: there is no calendar of that name.
        """
        calendar = self.calendars.current()
        if calendar.id != identity:
            raise NotFound("CALENDAR_NOT_FOUND", "no such calendar", calendar=identity)
        return calendar

    def replace(self, command: Command, identity: str, overrides: Iterable[Override], etag: str) -> CityCalendar:
        """Replace the overrides; open due dates are computed anew in the background.

        Raises:
            NotFound: there is no calendar of that name.
            ValidationFailed: two overrides speak of the same day.
        """
        self.get(identity)
        new = list(overrides)

        def mutate(calendar: CityCalendar) -> None:
            calendar.replace(new)

        return self.repository.change(identity, command, mutate, etag=etag)

    def compute(self, identity: str, received: datetime, working_days: int, unit: str) -> Computed:
        """Return the due time of something received at a time under a limit.

        Raises:
            NotFound: there is no calendar of that name.
        """
        working = self.get(identity).working(unit)
        return Computed(working.receipt_date(received), closing_time(working.due_date(received, working_days)))

    def recompute(self, command: Command) -> int:
        """Compute all open due dates and deadlines anew; return how many moved. Runs in the background."""
        calendar = self.calendars.current()
        moved = 0
        for dossier in _all(self.dossiers, {"state": {"$in": OPEN_STATES}}):
            if dossier.recompute_due(calendar):
                self.dossiers.change(
                    dossier.id, command.derived(dossier.id), partial(_recompute_due, calendar=calendar)
                )
                moved += 1
        for consultation in _all(self.consultations, {"state": ConsultationState.REQUESTED.value}):
            if consultation.recompute_deadline(calendar):
                self.consultations.change(
                    consultation.id, command.derived(consultation.id), partial(_recompute_deadline, calendar=calendar)
                )
                moved += 1
        return moved


def _recompute_due(dossier: Dossier, *, calendar: CityCalendar) -> None:
    dossier.recompute_due(calendar)


def _recompute_deadline(consultation: Consultation, *, calendar: CityCalendar) -> None:
    consultation.recompute_deadline(calendar)


def _all(repository: Repository[AggregateType], query: dict[str, Any]) -> Iterator[AggregateType]:
    """Return everything that a query matches, in windows by id, so that none holds the whole."""
    last = ""
    while window := repository.find({**query, "_id": {"$gt": last}}, sort=[("_id", 1)], limit=BATCH):
        yield from window
        last = window[-1].id
