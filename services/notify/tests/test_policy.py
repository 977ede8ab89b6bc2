from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_notify.domain.channel import Channel
from motcua_notify.domain.library import Library
from motcua_notify.domain.policy import Backoff, QuietHours

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NIGHT = QuietHours("21:00", "07:00", "Asia/Ho_Chi_Minh", [Channel.SMS])
NOON = QuietHours("11:30", "13:00", "Asia/Ho_Chi_Minh", [Channel.SMS])


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("hours", "now", "release"),
    [
        (NIGHT, "2026-11-23T20:59:59", "2026-11-23T20:59:59"),
        (NIGHT, "2026-11-23T21:00:00", "2026-11-24T07:00:00"),
        (NIGHT, "2026-12-31T23:30:00", "2027-01-01T07:00:00"),
        (NIGHT, "2026-11-24T00:00:00", "2026-11-24T07:00:00"),
        (NIGHT, "2026-11-24T06:59:59", "2026-11-24T07:00:00"),
        (NIGHT, "2026-11-24T07:00:00", "2026-11-24T07:00:00"),
        (NOON, "2026-11-24T12:00:00", "2026-11-24T13:00:00"),
        (NOON, "2026-11-24T22:00:00", "2026-11-24T22:00:00"),
    ],
)
def test_quiet_hours(hours: QuietHours, now: str, release: str) -> None:
    assert hours.release(local(now)) == local(release)


@given(st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_is_released_is_not_quiet_and_waits_less_than_a_night(now: datetime) -> None:
    release = NIGHT.release(now)
    assert now <= release <= now + timedelta(hours=10)
    assert NIGHT.release(release) == release


def test_a_legal_notice_and_a_silent_channel_do_not_wait(library: Library) -> None:
    night = local("2026-11-23T23:00:00")
    policy = library.policy(night.date())
    assert policy.release(Channel.SMS, night, legal_notice=True) == night
    assert policy.release(Channel.INBOX, night, legal_notice=False) == night
    assert policy.release(Channel.SMS, night, legal_notice=False) == local("2026-11-24T07:00:00")
    assert policy.release(Channel.EMAIL, night, legal_notice=False) == local("2026-11-24T07:00:00")


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(first_seconds=5, factor=2, longest_seconds=60)
    assert [backoff.pause(failures).total_seconds() for failures in range(1, 7)] == [5, 10, 20, 40, 60, 60]


@given(st.integers(min_value=1, max_value=10**9))
def test_there_is_a_next_attempt_however_long_the_outage(failures: int) -> None:
    backoff = Backoff(first_seconds=5, factor=2, longest_seconds=900)
    assert timedelta(0) < backoff.pause(failures) <= timedelta(seconds=900)


def test_channels_stand_in_for_each_other_in_the_order_of_the_data(library: Library) -> None:
    policy = library.policy(local("2026-11-23T09:00:00").date())
    assert policy.next_channel(Channel.INBOX) is Channel.SMS
    assert policy.next_channel(Channel.SMS) is Channel.EMAIL
    assert policy.next_channel(Channel.EMAIL) is None
