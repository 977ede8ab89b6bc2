"""The time limit of a dossier (thời hạn giải quyết): started, paused, resumed, and counted anew each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from motcua_dossier.domain.calendar import WorkingCalendar, city_date, closing_time
from motcua_dossier.domain.states import State


@dataclass
class Pause:
    """A time in which the clock does not run.

    Attributes:
        cause: state that pauses it.
        start_time: when it began.
        end_time: when it ended; None while it lasts.
        working_days: working days it added to the due date.
    """

    cause: State
    start_time: datetime
    end_time: datetime | None = None
    working_days: int = 0


@dataclass
class Term:
    """A limit in working days that runs from acceptance and is paused now and then.

    The due time follows from the rest: it is computed from the start, the limit and the ended pauses whenever one of
    them or the calendar changes, so that they cannot disagree.

    Attributes:
        accept_time: when it began to run.
        working_days: the limit.
        due_time: end of office hours of the last day.
        pauses: times in which it did not run; each ended one is added back as whole working days.
    """

    accept_time: datetime
    working_days: int
    due_time: datetime
    pauses: list[Pause] = field(default_factory=list)

    @classmethod
    def begin(cls, now: datetime, working_days: int, calendar: WorkingCalendar) -> Term:
        """Return a limit that begins to run now."""
        return cls(now, working_days, closing_time(calendar.due_date(now, working_days)))

    def pause(self, cause: State, now: datetime) -> None:
        """Let the clock stand."""
        self.pauses.append(Pause(cause, now))

    def resume(self, now: datetime) -> None:
        """Let the clock run again; the due time follows when it is recomputed."""
        self.pauses[-1].end_time = now

    def recompute(self, calendar: WorkingCalendar) -> None:
        """Compute the due time anew."""
        paused = 0
        for pause in self.pauses:
            if pause.end_time is not None:
                pause.working_days = calendar.working_days_between(
                    city_date(pause.start_time), city_date(pause.end_time)
                )
                paused += pause.working_days
        self.due_time = closing_time(calendar.due_date(self.accept_time, self.working_days + paused))
