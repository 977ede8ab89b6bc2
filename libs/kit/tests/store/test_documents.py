"""Aggregates to documents and back: nothing is lost on the way through the server."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

from bson import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motcua_kit.command import Command
from motcua_kit.domain import Aggregate
from motcua_kit.store import Repository, Store
from motcua_kit.store.documents import to_plain


class State(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Colour(Enum):
    RED = 1


@dataclass(frozen=True)
class Part:
    name: str
    size: Decimal
    day: date


@dataclass(kw_only=True)
class Everything(Aggregate):
    text: str
    number: int
    ratio: float
    flag: bool
    amount: Decimal
    day: date
    moment: datetime
    wait: timedelta
    state: State
    colour: Colour
    part: Part
    maybe: Part | None
    parts: list[Part]
    by_name: dict[str, Part]
    states: frozenset[State]
    free: dict[str, Any] = field(default_factory=dict)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10)
DECIMAL = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
DAY = st.dates()
PART = st.builds(Part, name=TEXT, size=DECIMAL, day=DAY)
MILLISECONDS = st.integers(0, 7 * 10**12).map(
    lambda value: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
)
NAME = st.text(st.characters(categories=["Ll"]), min_size=1, max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3),
    max_leaves=5,
)
EVERYTHING = st.builds(
    Everything,
    id=st.uuids().map(lambda value: value.hex),
    text=TEXT,
    number=st.integers(-(2**63), 2**63 - 1),
    ratio=st.floats(allow_nan=False),
    flag=st.booleans(),
    amount=DECIMAL,
    day=DAY,
    moment=MILLISECONDS,
    wait=st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds)),
    state=st.sampled_from(State),
    colour=st.sampled_from(Colour),
    part=PART,
    maybe=st.none() | PART,
    parts=st.lists(PART, max_size=3),
    by_name=st.dictionaries(NAME, PART, max_size=3),
    states=st.frozensets(st.sampled_from(State)),
    free=st.dictionaries(NAME, JSON, max_size=3),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=EVERYTHING)
def test_an_aggregate_comes_back_as_it_was(store: Store, value: Everything) -> None:
    aggregates = Repository(store, Everything, "everything")
    value.id = uuid.uuid4().hex
    aggregates.create(value, Command(name="Create", actor="", time=datetime(2026, 11, 23, tzinfo=UTC)))
    assert aggregates.get(value.id) == value


def test_a_document_of_an_older_release_lacks_new_fields_and_has_old_ones(store: Store) -> None:
    @dataclass(kw_only=True)
    class Newer(Aggregate):
        name: str
        added: int = 7

    store.collection("older").insert_one({"_id": "1", "version": 3, "name": "a", "dropped": True})
    assert Repository(store, Newer, "older").get("1") == Newer(id="1", version=3, name="a", added=7)


def test_what_an_event_carries_is_plain() -> None:
    part = Part("Đất", Decimal("1.50"), date(2026, 11, 23))
    plain = to_plain({"part": part, "at": datetime(2026, 11, 23, 9, tzinfo=UTC), "state": State.OPEN})
    assert plain == {
        "part": {"name": "Đất", "size": "1.50", "day": "2026-11-23"},
        "at": "2026-11-23T09:00:00Z",
        "state": "OPEN",
    }
    assert encode(plain)
