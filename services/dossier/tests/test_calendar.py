from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from motcua_dossier.domain.calendar import CityCalendar, Override, OverrideKind, WorkingCalendar, city_date
from motcua_dossier.domain.states import State
from motcua_dossier.domain.term import Term
from motcua_kit.domain import ValidationFailed

VECTORS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).resolve().parents[3] / "city/calendar/vectors.yaml").read_text(encoding="utf-8")
)
DAYS = st.dates(date(2024, 1, 1), date(2027, 6, 30))


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda vector: f"{vector['received']:%Y-%m-%dT%H%M}+{vector['working_days']}"
)
def test_due_date_vectors(vector: dict[str, Any], calendar: CityCalendar) -> None:
    working = calendar.working()
    assert working.receipt_date(vector["received"]) == vector["receipt"]
    assert working.due_date(vector["received"], vector["working_days"]) == vector["due"]


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 7


def test_override_of_the_unit_goes_before_that_of_the_city() -> None:
    monday = date(2026, 11, 30)
    overrides = [
        Override(monday, OverrideKind.OFF, "mất điện toàn Thành phố", "QĐ 1"),
        Override(monday, OverrideKind.WORK, "trực", "QĐ 2", unit="units/26740"),
    ]
    assert not WorkingCalendar(overrides).is_working(monday)
    assert not WorkingCalendar(overrides, "units/26743").is_working(monday)
    assert WorkingCalendar(overrides, "units/26740").is_working(monday)


def test_two_overrides_of_one_day_are_refused() -> None:
    day = date(2026, 11, 30)
    calendar = CityCalendar(id="hcmc")
    with pytest.raises(ValidationFailed, match="CALENDAR_INVALID"):
        calendar.replace([Override(day, OverrideKind.OFF, "a", "1"), Override(day, OverrideKind.WORK, "b", "2")])
    assert calendar.overrides == []


def test_the_same_overrides_change_nothing(calendar: CityCalendar) -> None:
    assert not calendar.replace(list(reversed(calendar.overrides)))
    assert calendar.take_events() == []


def test_a_pause_adds_whole_working_days() -> None:
    """Paused on Monday 23/11, resumed on Friday 27/11; the 24th is a holiday: 25, 26, 27."""
    calendar = WorkingCalendar()
    term = Term.begin(datetime(2026, 11, 23, 1, tzinfo=UTC), 7, calendar)
    assert city_date(term.due_time) == date(2026, 12, 3)
    term.pause(State.SUPPLEMENT_REQUESTED, datetime(2026, 11, 23, 2, tzinfo=UTC))
    term.recompute(calendar)
    assert city_date(term.due_time) == date(2026, 12, 3)  # while it lasts nothing is added
    term.resume(datetime(2026, 11, 27, 2, tzinfo=UTC))
    term.recompute(calendar)
    assert term.pauses[0].working_days == 3
    assert city_date(term.due_time) == date(2026, 12, 8)


def test_a_pause_within_one_day_adds_nothing() -> None:
    calendar = WorkingCalendar()
    morning = datetime(2026, 11, 23, 2, tzinfo=UTC)
    term = Term.begin(morning, 7, calendar)
    term.pause(State.PAYMENT_REQUESTED, morning)
    term.resume(morning + timedelta(hours=4))
    before = term.due_time
    term.recompute(calendar)
    assert term.due_time == before


@given(DAYS, st.integers(0, 40), st.integers(0, 40))
def test_adding_in_two_parts_is_adding_at_once(day: date, first: int, second: int) -> None:
    calendar = WorkingCalendar()
    day = calendar.first_working(day)
    assert calendar.add_working(calendar.add_working(day, first), second) == calendar.add_working(day, first + second)


@given(DAYS, st.integers(1, 60))
def test_counting_undoes_adding(day: date, count: int) -> None:
    calendar = WorkingCalendar()
    due = calendar.add_working(day, count)
    assert calendar.is_working(due)
    assert calendar.working_days_between(day, due) == count


@given(DAYS, st.times(), st.integers(0, 20))
def test_nothing_is_due_before_it_is_received(day: date, hour: time, limit: int) -> None:
    received = datetime.combine(day, hour, UTC)
    calendar = WorkingCalendar()
    receipt = calendar.receipt_date(received)
    assert calendar.is_working(receipt)
    assert calendar.due_date(received, limit) >= receipt >= received.astimezone(UTC).date()
