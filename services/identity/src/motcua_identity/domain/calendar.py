"""The civil day in Việt Nam."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

INDOCHINA_TIME = timezone(timedelta(hours=7), "ICT")
"""Asia/Ho_Chi_Minh; no daylight saving since 1975, so that no time-zone database is needed."""


def civil_day(moment: datetime) -> date:
    """Return the day on which an aware moment falls in Việt Nam."""
    return moment.astimezone(INDOCHINA_TIME).date()
