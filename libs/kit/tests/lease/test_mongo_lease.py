"""The lease in the database: one holder at a time, taken over when the holder falls silent."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from motcua_kit.lease import LeaseUnavailable, MongoLease
from motcua_kit.lease.mongodb import COLLECTION
from motcua_kit.store import Store

TEN_SECONDS = timedelta(seconds=10)
SHORT = timedelta(seconds=2)


class RealTime:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> RealTime:
    return RealTime()


def test_one_of_two_has_it(store: Store, time: RealTime) -> None:
    first, second = (MongoLease(store, "relay", TEN_SECONDS, time) for _ in range(2))
    assert first.acquire()
    assert not second.acquire()
    assert first.acquire()
    assert first.expires() == time.now + TEN_SECONDS


def test_leases_of_other_names_are_free(store: Store, time: RealTime) -> None:
    assert MongoLease(store, "relay", TEN_SECONDS, time).acquire()
    assert MongoLease(store, "migrations", TEN_SECONDS, time).acquire()


def test_of_many_at_once_one_gets_it(store: Store) -> None:
    leases = [MongoLease(store, "relay") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda lease: lease.acquire(), leases)) == 1


def test_a_silent_holder_loses_it(store: Store, time: RealTime) -> None:
    first, second = (MongoLease(store, "relay", TEN_SECONDS, time) for _ in range(2))
    assert first.acquire()
    time.now += timedelta(seconds=9.9)
    assert not second.acquire()
    time.now += timedelta(seconds=0.1)
    assert second.acquire()
    assert not first.acquire()


def test_what_is_given_back_is_free_and_only_the_holder_gives_it_back(store: Store, time: RealTime) -> None:
    first, second = (MongoLease(store, "relay", TEN_SECONDS, time) for _ in range(2))
    assert first.expires() is None
    assert first.acquire()
    second.release()
    assert not second.acquire()
    first.release()
    assert second.acquire()


def test_a_held_lease_is_renewed_and_given_back_at_the_end(store: Store) -> None:
    lease, other = (MongoLease(store, "relay", SHORT) for _ in range(2))
    with lease.hold() as lost:
        begin = lease.expires()
        assert begin is not None
        # Longer than the lease lasts: without renewal the other would get it.
        assert not lost.wait(3)
        renewed = lease.expires()
        assert renewed is not None
        assert renewed > begin
        assert not other.acquire()
    assert other.acquire()


def test_a_holder_hears_that_it_was_taken_over(store: Store) -> None:
    with MongoLease(store, "relay", SHORT).hold() as lost:
        store.collection(COLLECTION).update_one({"_id": "relay"}, {"$set": {"holder": "somebody else"}})
        assert lost.wait(10)
    row = store.collection(COLLECTION).find_one({"_id": "relay"})
    assert row is not None
    assert row["holder"] == "somebody else"


def test_waiting_for_a_lease_ends_when_told_to_stop(store: Store) -> None:
    assert MongoLease(store, "relay").acquire()
    stop = threading.Event()
    stop.set()
    with MongoLease(store, "relay").hold(stop) as lost:
        assert lost.is_set()


def test_waiting_for_a_lease_ends_when_it_is_free(store: Store) -> None:
    first, second = (MongoLease(store, "relay", SHORT) for _ in range(2))
    assert first.acquire()
    with second.hold() as lost:
        assert not lost.is_set()
        assert not first.acquire()


class Stalling(MongoLease):
    """A lease whose store does not answer the second question until the test ends."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, "relay", SHORT)
        self.answer = threading.Event()
        self._asked = False

    def acquire(self) -> bool:
        if self._asked:
            self.answer.wait()
        self._asked = True
        return super().acquire()


def test_a_holder_stops_before_anybody_else_can_begin_although_its_store_hangs(store: Store) -> None:
    stalling, other = Stalling(store), MongoLease(store, "relay", SHORT)
    try:
        with stalling.hold() as lost:
            assert lost.wait(10)
            assert not other.acquire()
            stalling.answer.set()
    finally:
        stalling.answer.set()


def test_a_store_that_is_away_is_told_apart_from_a_lease_that_is_taken() -> None:
    with closing(Store("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50", "away")) as away:
        lease = MongoLease(away, "relay")
        with pytest.raises(LeaseUnavailable, match="ServerSelectionTimeoutError"), lease.hold():
            pass
