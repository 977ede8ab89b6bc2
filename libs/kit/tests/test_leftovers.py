"""Bytes that nobody names, against real stores."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.leftovers import EVERY_VERSION, PAGE, Leftovers
from motcua_kit.objects import ObjectStore, StoredVersion
from motcua_kit.store import Store

TEXT = "text/plain"
AT_ONCE = timedelta(0)

Named = dict[str, Container[str]]
Make = Callable[..., Leftovers]


@pytest.fixture(scope="module")
def objects(servers: EmbeddedServers) -> ObjectStore:
    """A bucket of this module's own: its walks go through all of it."""
    access = servers.object_store
    objects = ObjectStore(access.url, access.access_key, access.secret_key, f"tests-{uuid.uuid4().hex[:16]}")
    objects.ensure_bucket()
    return objects


@pytest.fixture(autouse=True)
def _empty(objects: ObjectStore) -> None:
    """What an earlier test has left is not ours."""
    objects.remove(list(objects.versions()))


@pytest.fixture
def named() -> Named:
    return {}


@pytest.fixture
def leftovers(store: Store, objects: ObjectStore, named: Named) -> Make:
    def look_up(keys: Collection[str]) -> Mapping[str, Container[str]]:
        return {key: named[key] for key in keys if key in named}

    def make(grace: timedelta = AT_ONCE, through: ObjectStore = objects) -> Leftovers:
        return Leftovers(store, through, look_up, grace)

    return make


def fill(objects: ObjectStore, keys: Iterable[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: objects.put(key, b"123", TEXT), keys))


def held(objects: ObjectStore) -> list[tuple[str, str]]:
    return sorted((one.key, one.version) for one in objects.versions())


def test_versions_and_marks_that_nobody_names_go_for_good(objects: ObjectStore, leftovers: Make, named: Named) -> None:
    first = objects.put("checked", b"first", TEXT).version
    objects.put("checked", b"sent later with the same form", TEXT)
    checking = objects.put("checking", b"1", TEXT).version
    objects.put("never finalised", b"12", TEXT)
    objects.put("of a deleted draft", b"123", TEXT)
    objects.delete("of a deleted draft")
    named.update({"checked": {first}, "checking": EVERY_VERSION})

    found = sorted((one.key, one.size, one.hides) for one in leftovers().find())
    assert found == [
        ("checked", 29, False),
        ("never finalised", 2, False),
        ("of a deleted draft", 0, True),
        ("of a deleted draft", 3, False),
    ]
    walk = leftovers().remove()
    assert (walk.seen, walk.removed, walk.size, walk.refused, walk.finished) == (6, 4, 34, 0, True)
    assert held(objects) == [("checked", first), ("checking", checking)]
    assert objects.get("checked") == b"first"
    assert leftovers().remove().removed == 0


def test_what_is_young_stays(objects: ObjectStore, leftovers: Make) -> None:
    objects.put("just sent", b"1", TEXT)
    assert list(leftovers(timedelta(hours=1)).find()) == []
    assert leftovers(timedelta(hours=1)).remove().removed == 0
    assert objects.get("just sent") == b"1"


def test_a_mark_on_what_is_named_is_not_ours(objects: ObjectStore, leftovers: Make, named: Named) -> None:
    version = objects.put("named", b"1", TEXT).version
    objects.delete("named")
    named["named"] = {version}
    assert leftovers().remove().removed == 0
    assert len(held(objects)) == 2


def test_what_is_locked_stays_and_is_told(objects: ObjectStore, leftovers: Make) -> None:
    version = objects.put(f"locked-{uuid.uuid4().hex}", b"1", TEXT).version
    objects.put("open", b"1", TEXT)
    (locked,) = [one for one in objects.versions() if one.version == version]
    objects.set_legal_hold(locked.key, held=True, version=version)
    walk = leftovers().remove()
    assert (walk.removed, walk.refused) == (1, 1)
    assert held(objects) == [(locked.key, version)]
    objects.set_legal_hold(locked.key, held=False, version=version)
    assert leftovers().remove().removed == 1


def test_a_walk_goes_on_where_the_last_one_ended(objects: ObjectStore, leftovers: Make, named: Named) -> None:
    """Over several pages, with marks among them, which the store gives apart from the versions."""
    keys = [f"{number:05}" for number in range(2 * PAGE + PAGE // 2)]
    fill(objects, keys)
    for key in keys[:: PAGE // 20]:
        objects.delete(key)
    kept = set(keys[::7])
    named.update(dict.fromkeys(kept, EVERY_VERSION))
    first = leftovers().remove(most=2 * PAGE)
    assert not first.finished
    assert first.seen == 2 * PAGE
    second = leftovers().remove(most=2 * PAGE)
    assert second.finished
    assert second.seen < 2 * PAGE, "it went on"
    assert {key for key, _ in held(objects)} == kept
    assert leftovers().remove(most=10 * PAGE).seen == len(held(objects)), "the next one begins anew"


def test_a_key_with_more_versions_than_a_walk_sees(objects: ObjectStore, leftovers: Make, named: Named) -> None:
    """An upload form can be used as often as its holder likes."""
    fill(objects, ["same"] * (2 * PAGE + 100))
    fill(objects, ["after"])
    (kept, *_) = [one.version for one in objects.versions() if one.key == "same"]
    named["same"] = {kept}
    while not leftovers().remove(most=2 * PAGE).finished:
        pass
    while not leftovers().remove(most=2 * PAGE).finished:
        pass
    assert held(objects) == [("same", kept)]


def test_two_walks_at_once_do_no_harm(objects: ObjectStore, leftovers: Make, named: Named) -> None:
    fill(objects, [f"{number}" for number in range(200)])
    named.update(dict.fromkeys(["7", "77"], EVERY_VERSION))
    together = threading.Barrier(2)

    def walk(_: int) -> bool:
        together.wait(10)
        return leftovers().remove().finished

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(walk, range(2))) == [True, True]
    assert {key for key, _ in held(objects)} == {"7", "77"}


class Dying(ObjectStore):
    """Deletes and is killed before anybody knows."""

    def remove(self, versions: Iterable[StoredVersion]) -> list[str]:
        super().remove(versions)
        raise KeyboardInterrupt


def test_a_walk_that_is_killed_begins_anew(servers: EmbeddedServers, objects: ObjectStore, leftovers: Make) -> None:
    access = servers.object_store
    fill(objects, [f"{number}" for number in range(20)])
    with pytest.raises(KeyboardInterrupt):
        leftovers(through=Dying(access.url, access.access_key, access.secret_key, objects.bucket)).remove()
    assert leftovers().remove().finished
    assert held(objects) == []


def test_large_objects_go_in_one_request(objects: ObjectStore) -> None:
    """Parts of an upload that was not finished would be seen by no listing."""
    content = bytes(6 * 1024 * 1024)
    written = objects.put("large", content, TEXT)
    assert "-" not in written.etag, "S3 gives objects made of parts an etag with their number"
    assert objects.stat("large").size == len(content)


def test_versions_tell_when_they_were_stored(objects: ObjectStore) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    objects.put("a", b"1", TEXT)
    (one,) = objects.versions()
    assert before <= one.time <= datetime.now(UTC)
    assert list(objects.versions(after="a")) == []
