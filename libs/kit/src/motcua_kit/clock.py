"""Time as a dependency."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

Clock = Callable[[], datetime]
"""Returns the current business time, aware, in UTC."""

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Without daylight saving since 1975, so no database of time zones is needed."""


def day_of(time: datetime) -> str:
    """Return the day in Vietnam, as `2026-11-23`."""
    return time.astimezone(VIETNAM).date().isoformat()


def system_clock() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def shifted_clock(offset_file: Path) -> Clock:
    """Return a clock that runs ahead of the machine's by the seconds written in `offset_file`.

    Only the local profile may use it: tests move a whole stack over a deadline by writing the file once.
    """

    def now() -> datetime:
        try:
            offset = float(offset_file.read_text(encoding="ascii"))
        except FileNotFoundError:
            offset = 0.0
        return system_clock() + timedelta(seconds=offset)

    return now
