"""The scheduler: one leader a service, through outages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

from motcua_client import wait_for
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.health import Pulse
from motcua_kit.lease import MongoLease
from motcua_kit.scheduler import ServiceScheduler
from motcua_kit.store import Store


@contextmanager
def running(bench: Any, store: Store | None = None) -> Iterator[threading.Event]:
    stop = threading.Event()
    scheduler = ServiceScheduler(
        bench.service, MongoLease(store or bench.store, "relay"), store or bench.store, bench.topology, bench.app
    )
    thread = threading.Thread(target=scheduler.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def test_it_relays_events_and_runs_schedules(bench: Any) -> None:
    bench.add("1")
    with running(bench):
        assert bench.wait_for(f"{bench.service}.default", 1)[0]["event"]["id"] == "things/1#1.0"
        slow = bench.wait_for(f"{bench.service}.slow", 3)
    assert sum(not task for task in slow) >= 2  # ticks have no event


def test_of_two_one_leads_and_the_other_takes_over(bench: Any, servers: EmbeddedServers) -> None:
    with closing(Store(servers.mongodb_uri, bench.store.database.name)) as other:
        with running(bench):
            bench.add("1")
            bench.wait_for(f"{bench.service}.default", 1)
            assert not MongoLease(other, "relay").acquire()
            second = running(bench, other)
            second.__enter__()
        bench.change("1")
        assert bench.wait_for(f"{bench.service}.default", 1)[0]["event"]["id"] == "things/1#2.0"
        second.__exit__(None, None, None)
    assert MongoLease(bench.store, "relay").acquire()


class Beats(Pulse):
    """Counts."""

    count = 0

    def beat(self) -> None:
        self.count += 1


def test_one_that_waits_for_the_lease_lives(bench: Any) -> None:
    with MongoLease(bench.store, "relay").hold():
        lease = MongoLease(bench.store, "relay", timedelta(seconds=1))
        scheduler = ServiceScheduler(bench.service, lease, bench.store, bench.topology, bench.app)
        scheduler.live = beats = Beats("the loop has not turned")
        stop = threading.Event()
        thread = threading.Thread(target=scheduler.run, args=(stop,))
        thread.start()
        wait_for(lambda: beats.count, lambda count: count > 5)
        stop.set()
        thread.join(60)


def test_it_comes_back_after_an_outage_of_the_database(
    own_mongo: tuple[str, Any], servers: EmbeddedServers, make_bench: Any, bench: Any
) -> None:
    uri, server = own_mongo
    with closing(Store(uri, "scheduled")) as store:
        mine = make_bench(store, servers.broker_url, bench.service)
        with running(mine):
            mine.add("1")
            mine.wait_for(f"{mine.service}.default", 1)
            server.kill()
            server.start()
            mine.change("1")
            seen: set[str] = set()
            while "things/1#2.0" not in seen:  # the first may come again: the outage may have cut off that it was sent
                seen |= {task["event"]["id"] for task in mine.wait_for(f"{mine.service}.default", 1)}
        mine.app.close()


def test_it_starts_while_the_database_is_away(
    own_mongo: tuple[str, Any], servers: EmbeddedServers, make_bench: Any, bench: Any
) -> None:
    uri, server = own_mongo
    with closing(Store(uri, "scheduled")) as store:
        mine = make_bench(store, servers.broker_url, bench.service)
        mine.add("1")
        server.kill()
        with running(mine):
            server.start()
            assert mine.wait_for(f"{mine.service}.default", 1)[0]["event"]["id"] == "things/1#1.0"
        mine.app.close()
