"""Keyset pages: walking them is the same as reading everything at once."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, ValidationFailed
from motcua_kit.store import Page, PageSigner, Repository, Store
from motcua_kit.store.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

START = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(kw_only=True)
class Row(Aggregate):
    unit: str
    rank: int
    due: datetime


def rows_in(store: Store, values: list[tuple[str, int, int]]) -> Repository[Row]:
    rows = Repository(store, Row, f"rows_{uuid.uuid4().hex}", signer=PageSigner("key of this test"))
    for unit, rank, days in values:
        row = Row(id=uuid.uuid4().hex, unit=unit, rank=rank, due=START + timedelta(days=days))
        rows.create(row, Command(name="Create", actor="", time=START))
    return rows


def walk(rows: Repository[Row], query: dict[str, object], sort: list[tuple[str, int]], size: int) -> list[str]:
    found: list[str] = []
    token = ""
    for _ in itertools.count():
        page, token = rows.page(query, sort, Page(size, token, "scope"))
        found += [row.id for row in page]
        assert len(page) == size or not token
        if not token:
            return found
    raise AssertionError


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(0, 2)), max_size=12),
    sort=st.lists(st.tuples(st.sampled_from(["unit", "rank", "due"]), st.sampled_from([1, -1])), max_size=3),
    size=st.integers(1, 5),
    query=st.sampled_from([{}, {"unit": "a"}, {"$or": [{"rank": 0}, {"rank": 2}]}]),
)
def test_walking_the_pages_is_a_full_scan(
    store: Store,
    values: list[tuple[str, int, int]],
    sort: list[tuple[str, int]],
    size: int,
    query: dict[str, object],
) -> None:
    sort = list(dict(sort).items())
    rows = rows_in(store, values)
    order = [*sort, ("_id", sort[-1][1] if sort else 1)]
    assert walk(rows, query, sort, size) == [row.id for row in rows.find(query, order)]


def test_rows_that_come_and_go_do_not_shift_the_rest(store: Store) -> None:
    rows = rows_in(store, [("a", rank, 0) for rank in range(6)])
    first, token = rows.page({}, [("rank", 1)], Page(2))
    store.collection(rows._documents.name).delete_one({"_id": first[0].id})
    new = Row(id="new", unit="a", rank=0, due=START)
    rows.create(new, Command(name="Create", actor="", time=START))
    second, _ = rows.page({}, [("rank", 1)], Page(2, token))
    assert [row.rank for row in second] == [2, 3]


@pytest.mark.parametrize(("asked", "given"), [(0, DEFAULT_PAGE_SIZE), (3, 3), (10_000, MAX_PAGE_SIZE)])
def test_the_size_of_a_page(asked: int, given: int) -> None:
    assert Page(asked).limit == given


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValidationFailed) as caught:
        _ = Page(-1).limit
    assert [violation.field for violation in caught.value.violations] == ["page_size"]


@pytest.fixture
def token(store: Store) -> str:
    return rows_in(store, [("a", 1, 0), ("a", 2, 0)]).page({}, [("rank", 1)], Page(1, scope="mine"))[1]


@pytest.mark.parametrize("form", ["{}A", "A{}", "", "ạ b", "AAAA", "{}\n"])
def test_a_token_that_is_not_ours_is_refused(store: Store, token: str, form: str) -> None:
    rows = rows_in(store, [])
    for altered in (form.format(token) or token[:-1], token.swapcase()):
        with pytest.raises(ValidationFailed) as caught:
            rows.page({}, [("rank", 1)], Page(1, altered, "mine"))
        assert caught.value.reason == "PAGE_TOKEN_INVALID"
        assert [violation.field for violation in caught.value.violations] == ["page_token"]


def test_a_token_is_good_for_the_same_call_only(store: Store, token: str) -> None:
    rows = rows_in(store, [])
    assert rows.page({}, [("rank", 1)], Page(1, token, "mine")) == ([], "")
    with pytest.raises(ValidationFailed):
        rows.page({}, [("rank", 1)], Page(1, token, "other"))
    with pytest.raises(ValidationFailed):
        rows.page({}, [("rank", 1), ("due", 1)], Page(1, token, "mine"))


def test_a_token_of_another_key_is_refused(token: str) -> None:
    assert PageSigner("key of this test").values(token, "mine", 2)[0] == 1
    with pytest.raises(ValidationFailed):
        PageSigner("another key").values(token, "mine", 2)


@pytest.mark.parametrize("query", [{"rank": {"$gt": 0}}, {"rank": {"$lt": 3}}, {"rank": 1}, {"rank": {"$in": [1, 2]}}])
def test_a_query_on_the_field_of_the_sort_holds_for_every_page(store: Store, query: dict[str, object]) -> None:
    rows = rows_in(store, [("a", rank, 0) for rank in (0, 1, 1, 1, 2, 2, 3)])
    for direction in (1, -1):
        sort = [("rank", direction)]
        assert walk(rows, query, sort, 1) == [row.id for row in rows.find(query, [*sort, ("_id", direction)])]
