"""Posts in time."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_identity.domain.officer import Officer, Post, Role
from motcua_kit.domain import IllegalTransition, NotFound, PreconditionFailed, ValidationFailed

WARD = "units/26740"
TODAY = date(2026, 11, 23)


def post(role: Role, start: date, end: date | None = None, unit: str = WARD, post_id: str = "1") -> Post:
    return Post(post_id, unit, role, start, end)


def lan() -> Officer:
    return Officer(id="lan", username="lan.le", full_name="Lê Thị Lan")


def test_one_person_may_hold_several_posts() -> None:
    officer = lan()
    officer.appoint(post(Role.HANDLER, date(2026, 1, 1)))
    officer.appoint(post(Role.RECEPTION_OFFICER, date(2026, 1, 1)))
    officer.appoint(post(Role.HANDLER, date(2026, 1, 1), unit="units/26743"))
    assert len(officer.posts_on(TODAY)) == 3
    assert officer.posts_on(date(2025, 12, 31)) == []


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 6, 30)])
def test_first_and_last_day_count(day: date) -> None:
    assert post(Role.HANDLER, date(2026, 1, 1), date(2026, 6, 30)).in_force(day)


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2026, 7, 1)])
def test_the_days_around_do_not(day: date) -> None:
    assert not post(Role.HANDLER, date(2026, 1, 1), date(2026, 6, 30)).in_force(day)


def test_the_same_role_twice_at_a_time_is_refused() -> None:
    officer = lan()
    officer.appoint(post(Role.HANDLER, date(2026, 1, 1), date(2026, 6, 30)))
    with pytest.raises(PreconditionFailed) as error:
        officer.appoint(post(Role.HANDLER, date(2026, 6, 30)))
    assert error.value.reason == "POST_OVERLAPS"
    officer.appoint(post(Role.HANDLER, date(2026, 7, 1)))


@pytest.mark.parametrize(("held", "wanted"), [(Role.SYSTEM_ADMIN, Role.LEADER), (Role.HANDLER, Role.SYSTEM_ADMIN)])
def test_an_administrator_holds_no_business_role(held: Role, wanted: Role) -> None:
    officer = lan()
    officer.appoint(post(held, date(2026, 1, 1), date(2026, 12, 31)))
    with pytest.raises(PreconditionFailed) as error:
        officer.appoint(post(wanted, date(2026, 5, 1), unit="units/26743"))
    assert error.value.reason == "ROLES_INCOMPATIBLE"
    officer.appoint(post(wanted, date(2027, 1, 1)))


def test_a_post_does_not_end_before_it_starts() -> None:
    officer = lan()
    with pytest.raises(ValidationFailed) as error:
        officer.appoint(post(Role.HANDLER, date(2026, 1, 2), date(2026, 1, 1)))
    assert error.value.reason == "POST_PERIOD_INVALID"
    officer.appoint(post(Role.HANDLER, date(2026, 1, 2)))
    with pytest.raises(ValidationFailed):
        officer.end_post("1", date(2026, 1, 1), TODAY)
    assert officer.posts == [post(Role.HANDLER, date(2026, 1, 2))]


def test_an_ended_post_stays_as_it_was() -> None:
    officer = lan()
    officer.appoint(post(Role.HANDLER, date(2026, 1, 1)))
    officer.end_post("1", date(2026, 11, 22), TODAY)
    with pytest.raises(IllegalTransition) as error:
        officer.end_post("1", date(2027, 1, 1), TODAY)
    assert error.value.reason == "POST_ENDED"
    with pytest.raises(NotFound):
        officer.end_post("2", TODAY, TODAY)
    assert officer.posts_on(date(2026, 11, 22)) != []
    assert officer.posts_on(TODAY) == []


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
posts = st.builds(post, st.just(Role.HANDLER), days, st.none() | days)


@given(posts, posts, days)
def test_posts_that_share_a_day_overlap(one: Post, other: Post, day: date) -> None:
    assert one.overlaps(other) == other.overlaps(one)
    if one.in_force(day) and other.in_force(day):
        assert one.overlaps(other)
