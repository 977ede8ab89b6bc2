"""Documents held against their history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import pytest

from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, Machine, transition
from motcua_kit.store import STAYS, Collection, HistoryEntry, Life, Repository, Store, Track, ensure_collections
from motcua_kit.store.lives import check, mend

Make = Callable[..., Command]


class Light(Enum):
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


LIGHT = Machine(
    "light",
    "NOT_POSSIBLE",
    [
        transition("Switch", [Light.OFF], Light.ON),
        transition("Break", [Light.ON], Light.BROKEN),
    ],
)


@dataclass(kw_only=True)
class Lamp(Aggregate):
    light: Light = Light.OFF
    wanted: bool = False
    """Kept for a queue: whether somebody must come and mend it."""

    def take(self, step: str) -> None:
        self.light = LIGHT.next(self.light, step)
        self.queue()

    def queue(self) -> None:
        self.wanted = self.light is Light.BROKEN


def rebuild(lamp: Lamp, _history: Sequence[HistoryEntry]) -> None:
    lamp.queue()


LIFE = Life(
    "lamps",
    Lamp,
    [Track("light", LIGHT, Light.OFF, {"Switch": ["Switch"], "Shake": ["Break", STAYS]})],
    rebuild,
)


@pytest.fixture
def lamp(store: Store, command: Make) -> str:
    """A lamp that was made, switched on and broken."""
    ensure_collections(store, [Collection("lamps")])
    lamps = Repository(store, Lamp, "lamps")
    lamps.create(Lamp(id="1"), command("r1", name="Make"))
    lamps.change("1", command("r2", name="Switch"), lambda one: one.take("Switch"))
    lamps.change("1", command("r3", name="Shake"), lambda one: one.take("Break"))
    return "lamps/1"


def wrong(store: Store) -> list[tuple[str, str]]:
    return [(deviation.resource, deviation.text) for deviation, _ in check(store, [LIFE])]


@pytest.mark.usefixtures("lamp")
def test_what_followed_the_table_is_right(store: Store) -> None:
    assert wrong(store) == []


def test_each_request_is_in_the_history(store: Store, lamp: str) -> None:
    history = Repository(store, Lamp, "lamps").history(lamp.partition("/")[2])
    assert [entry.request_id for entry in history] == ["r1", "r2", "r3"]


def test_an_action_that_may_stay_may_have_stayed(store: Store, lamp: str) -> None:
    store.collection("lamps").update_one({}, {"$set": {"light": "on", "wanted": False}})
    assert wrong(store) == []
    store.collection("lamps").update_one({}, {"$set": {"light": "off"}})
    assert wrong(store) == [(lamp, "light is OFF; its history leads to BROKEN or ON")]


def test_a_step_that_the_table_forbids_is_named(store: Store, lamp: str) -> None:
    store.collection("lamps").update_one({}, {"$set": {"history.2.action": "Switch"}})
    assert wrong(store) == [(lamp, "light: change 3, Switch, is not possible in ON")]


@pytest.mark.parametrize(
    ("update", "versions"),
    [
        ({"$pop": {"history": 1}}, [1, 2]),
        ({"$pop": {"history": -1}}, [2, 3]),
        ({"$set": {"history.1.version": 3}}, [1, 3, 3]),
    ],
)
def test_a_change_that_is_missing_or_there_twice_is_found(
    store: Store, lamp: str, update: dict[str, object], versions: list[int]
) -> None:
    store.collection("lamps").update_one({}, update)
    assert (lamp, f"is at change 3; its history has {versions}") in wrong(store)


def test_what_is_kept_for_a_queue_is_computed_again(store: Store, lamp: str) -> None:
    store.collection("lamps").update_one({}, {"$set": {"wanted": False}})
    assert wrong(store) == [(lamp, "wanted is False, should be True")]
    assert [(deviation.resource, mended) for deviation, mended in mend(store, [LIFE])] == [(lamp, True)]
    assert wrong(store) == []


def test_a_state_cannot_be_computed_and_is_left_alone(store: Store, lamp: str) -> None:
    store.collection("lamps").update_one({}, {"$set": {"light": "off", "wanted": False}})
    assert [(deviation.resource, mended) for deviation, mended in mend(store, [LIFE])] == [(lamp, False)]
    assert store.collection("lamps").find_one({}, {"light": 1}) == {"_id": "1", "light": "off"}
