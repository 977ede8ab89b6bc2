"""Days and moments in requests."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from motcua.dossier.v1.dossier_pb2 import ListQueueRequest
from motcua.identity.v1.unit_pb2 import GetUnitRequest
from motcua_kit.domain import ValidationFailed
from motcua_kit.rpc.times import day_of, day_or_none, moment_of, moment_or_none


def test_absent_is_none() -> None:
    assert day_or_none(GetUnitRequest(), "as_of_date") is None
    assert moment_or_none(ListQueueRequest(), "due_before_time") is None


def test_days_and_moments_of_the_calendar() -> None:
    assert day_of(GetUnitRequest(as_of_date=Date(year=2026, month=2, day=28)), "as_of_date") == date(2026, 2, 28)
    request = ListQueueRequest(due_before_time=Timestamp(seconds=0))
    assert moment_of(request, "due_before_time") == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("year", "month", "day"), [(0, 0, 0), (2026, 2, 30), (2026, 13, 1)])
def test_no_day_of_the_calendar(year: int, month: int, day: int) -> None:
    sent = Date(year=year, month=month, day=day)
    with pytest.raises(ValidationFailed) as refused:
        day_or_none(GetUnitRequest(as_of_date=sent), "as_of_date", "post.as_of_date")
    assert refused.value.reason == "REQUEST_INVALID"
    assert [violation.field for violation in refused.value.violations] == ["post.as_of_date"]


@pytest.mark.parametrize("seconds", [10**15, -(10**15)])
def test_no_moment_of_the_calendar(seconds: int) -> None:
    with pytest.raises(ValidationFailed) as refused:
        moment_or_none(ListQueueRequest(due_before_time=Timestamp(seconds=seconds)), "due_before_time")
    assert [violation.field for violation in refused.value.violations] == ["due_before_time"]
