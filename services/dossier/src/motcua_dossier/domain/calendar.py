"""Working days of the City: published holidays, changed day by day by decisions (lịch làm việc).

Sources: Bộ luật Lao động 2019 Điều 111–112 (holidays), Bộ luật Dân sự 2015 Điều 147–148 (counting of time limits),
NĐ 118/2025/NĐ-CP Điều 18 (15:00 cut-off).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from functools import cache

import holidays

from motcua_dossier.domain.events import CalendarChanged
from motcua_kit.domain import Aggregate, FieldViolation, ValidationFailed

CITY_TIME = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Civil time of Việt Nam: UTC+7 all year since 1975."""

CUT_OFF = time(15, 0)
"""What arrives at or after this time counts as received on the next working day (NĐ 118/2025 Điều 18)."""

CLOSING = time(17, 0)
"""End of office hours: when a result is promised for a day, it is promised for this time."""

ONE_DAY = timedelta(days=1)


class OverrideKind(Enum):
    """What a decision makes of a day."""

    OFF = "off"
    WORK = "work"


@dataclass(frozen=True)
class Override:
    """A day that differs from the published holidays.

    Attributes:
        date: the day.
        kind: off, or a working day (làm bù).
        reason: why, in Vietnamese.
        decision_no: the decision that says so.
        unit: unit it holds for, `units/{code}`; empty for the whole City.
    """

    date: date
    kind: OverrideKind
    reason: str
    decision_no: str
    unit: str = ""


@cache
def _published() -> holidays.HolidayBase:
    return holidays.country_holidays("VN", language="vi")


class WorkingCalendar:
    """Answers which days are worked and counts them, for one unit.

    An override for the unit goes before one for the City, which goes before the published holidays.
    """

    def __init__(self, overrides: Iterable[Override] = (), unit: str = "") -> None:
        self._city: dict[date, OverrideKind] = {}
        self._unit: dict[date, OverrideKind] = {}
        for override in overrides:
            if not override.unit:
                self._city[override.date] = override.kind
            elif override.unit == unit:
                self._unit[override.date] = override.kind

    def is_working(self, day: date) -> bool:
        """Tell whether a day is worked."""
        kind = self._unit.get(day) or self._city.get(day)
        return _published().is_working_day(day) if kind is None else kind is OverrideKind.WORK

    def first_working(self, day: date) -> date:
        """Return the day itself when it is worked, else the next one that is."""
        while not self.is_working(day):
            day += ONE_DAY
        return day

    def add_working(self, day: date, count: int) -> date:
        """Return the working day that lies `count` working days after a day; the first day is not counted."""
        for _ in range(count):
            day = self.first_working(day + ONE_DAY)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after `start`, up to and with `end`; 0 when `end` is not later."""
        return sum(self.is_working(start + ONE_DAY * offset) for offset in range(1, (end - start).days + 1))

    def receipt_date(self, moment: datetime) -> date:
        """Return the day that counts as receipt: the day itself if worked and before 15:00, else the next."""
        local = moment.astimezone(CITY_TIME)
        day = local.date()
        if self.is_working(day) and local.time() < CUT_OFF:
            return day
        return self.first_working(day + ONE_DAY)

    def due_date(self, received: datetime, working_days: int) -> date:
        """Return the last day of a time limit in working days for something received at a time."""
        return self.add_working(self.receipt_date(received), working_days)

    def answer_by(self, asked: datetime, working_days: int) -> datetime:
        """Return the end of the last day to answer something asked at a time (BLDS Điều 147–148)."""
        return end_of_day(self.add_working(city_date(asked), working_days))


def city_date(moment: datetime) -> date:
    """Return the civil date of a moment in the City."""
    return moment.astimezone(CITY_TIME).date()


def closing_time(day: date) -> datetime:
    """Return the end of office hours of a day."""
    return datetime.combine(day, CLOSING, CITY_TIME)


def end_of_day(day: date) -> datetime:
    """Return the last second of a day: a time limit ends with its last day (BLDS 2015 Điều 148)."""
    return datetime.combine(day, time(23, 59, 59), CITY_TIME)


@dataclass(kw_only=True)
class CityCalendar(Aggregate):
    """The calendar in use: its version tells which decisions a due date was computed with."""

    overrides: list[Override] = field(default_factory=list)

    def replace(self, overrides: Iterable[Override]) -> bool:
        """Take over a new set of overrides; tell whether anything changed.

        Raises:
            ValidationFailed: two overrides speak of the same day and unit.
        """
        ordered = sorted(overrides, key=lambda override: (override.date, override.unit))
        seen: set[tuple[date, str]] = set()
        for position, override in enumerate(ordered):
            if (override.date, override.unit) in seen:
                message = f"two overrides for {override.date}"
                raise ValidationFailed(
                    "CALENDAR_INVALID",
                    message,
                    [FieldViolation(f"overrides[{position}].date", "CALENDAR_INVALID", message)],
                    date=override.date.isoformat(),
                )
            seen.add((override.date, override.unit))
        changed = ordered != self.overrides
        if changed:
            self.overrides = ordered
            self.record(CalendarChanged(calendar=f"calendars/{self.id}"))
        return changed

    def working(self, unit: str = "") -> WorkingCalendar:
        """Return the working calendar of a unit."""
        return WorkingCalendar(self.overrides, unit)
