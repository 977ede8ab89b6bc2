"""The embedded MongoDB-wire server: what we mend of it is still broken, and mended."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import wiredtiger
from secantus.storage import Storage

from motcua_devstack.mongo_server import LettingGo

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EXPIRY = {"expireAfterSeconds": 3600}


@contextmanager
def swept(kind: type[Storage]) -> Iterator[Storage]:
    """A store in which two of three sessions have expired, after a sweep by this thread."""
    store = kind(":memory:", ttl_sweep_seconds=0)
    try:
        store.create_index("city", "sessions", "expiry", {"time": 1}, EXPIRY)
        store.insert("city", "sessions", [{"_id": days, "time": NOW - timedelta(days=days)} for days in range(3)])
        store.release_thread_snapshot()
        assert store.prune_ttl_all_collections(now=NOW) == 2
        yield store
    finally:
        store.close()


def held(store: Storage) -> set[str]:
    """The tables in which this thread still stands on an entry."""
    tables = set()
    for table, cursor in store._tls.cursors.items():
        try:
            cursor.get_key()
        except wiredtiger.WiredTigerError:  # it stands nowhere
            continue
        tables.add(table)
    return tables


def test_a_sweep_lets_go_of_what_it_read() -> None:
    with swept(LettingGo) as store:
        assert not held(store)
        assert [one["_id"] for one in store.find_matching("city", "sessions", {})] == [0]


def test_the_server_itself_does_not_let_go() -> None:
    """When it does, `LettingGo` can go."""
    with swept(Storage) as store:
        assert held(store)
