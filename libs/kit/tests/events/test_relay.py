"""The relay: at least once, in order for each document, whatever dies in between."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import redis
from kombu.exceptions import BatchPublishError

from motcua_client import wait_for
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.clock import system_clock
from motcua_kit.events import sent
from motcua_kit.events.news import News
from motcua_kit.events.relay import BATCH, OUTAGES, Relay, stuck_events
from motcua_kit.store import Store


@contextmanager
def running(relay: Relay) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def ids(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["event"]["id"] for task in tasks]


def test_an_event_goes_to_every_subscriber_and_leaves_its_document(bench: Any) -> None:
    bench.add("1")
    assert Relay(bench.store, bench.topology, bench.app).sweep() == 1
    expected = {
        "id": "things/1#1.0",
        "type": "thing.opened",
        "subject": "things/1",
        "time": "2026-11-23T02:00:00+00:00",
        "data": {"number": 1},
    }
    assert bench.received(f"{bench.service}.default") == [{"event": expected}]
    assert bench.received(f"{bench.service}.slow") == [{"event": expected}]
    saved = bench.store.collection("things").find_one({"_id": "1"})
    assert saved["outbox"] == []
    assert "pending" not in saved
    assert Relay(bench.store, bench.topology, bench.app).sweep() == 0


def test_what_was_sent_is_kept_for_a_while_and_counts_from_its_last_time(bench: Any) -> None:
    sent.ensure_sent_events(bench.store)
    journal = bench.store.collection(sent.COLLECTION)
    bench.add("1", 2)
    event = bench.store.collection("things").find_one({"_id": "1"})["outbox"][0]
    sent.note_sent(bench.store, [event])
    first = journal.find_one({"_id": "things/1#1.0"})["sent_time"]
    journal.update_one({"_id": "things/1#1.0"}, {"$set": {"sent_time": first - timedelta(hours=1)}})
    Relay(bench.store, bench.topology, bench.app).sweep()
    kept = {row["_id"]: row for row in journal.find()}
    assert set(kept) == {"things/1#1.0", "things/1#1.1"}
    assert kept["things/1#1.0"]["event"] == event
    assert kept["things/1#1.0"]["sent_time"] >= first
    assert journal.index_information()["kept"]["expireAfterSeconds"] == sent.KEPT.total_seconds()


def test_events_of_a_document_come_in_order(bench: Any) -> None:
    bench.add("1", 2)
    bench.change("1", 3)
    bench.change("1")
    Relay(bench.store, bench.topology, bench.app).sweep()
    numbers = [task["event"]["data"]["number"] for task in bench.received(f"{bench.service}.default")]
    assert numbers == [1, 2, 3, 4, 5, 6]


def test_more_documents_than_a_batch_are_all_relayed(bench: Any) -> None:
    for number in range(BATCH + 5):
        bench.add(str(number))
    assert Relay(bench.store, bench.topology, bench.app).sweep() == BATCH + 5
    assert len(set(ids(bench.received(f"{bench.service}.default")))) == BATCH + 5
    assert bench.pending() == 0


@contextmanager
def heard(source: Any, database: Any) -> Iterator[Callable[[str], set[str]]]:
    """News of a database; the function returns all up to those of a collection."""
    news, stop = News(source), threading.Event()
    watcher = threading.Thread(target=news.watch, args=(stop,))
    watcher.start()
    try:
        with news.listening(database.name) as wait:

            def heard_until(last: str) -> set[str]:
                names: set[str] = set()
                wait_for(lambda: names.update(wait(time.monotonic() + 1)), lambda _: last in names)
                return names

            opening = database["opening"]
            wait_for(lambda: opening.insert_one({"pending": True}) and wait(time.monotonic() + 1), bool)
            yield heard_until
    finally:
        stop.set()
        watcher.join(30)


def test_news_are_documents_with_events_and_nothing_else(bench: Any) -> None:
    database = bench.store.database
    with heard(database, database) as heard_until:
        bench.add("quiet", 0)
        database["opening"].insert_one({"without": "events"})
        sent.note_sent(bench.store, [{"id": "things/0#1.0"}])
        database["_aside"].insert_one({"pending": True})
        database["closing"].insert_one({"pending": True})
        assert heard_until("closing") <= {"opening", "closing"}
        bench.add("1")
        assert heard_until("things") == {"things"}
        bench.change("quiet")
        assert heard_until("things") == {"things"}


def test_one_change_stream_tells_several_databases_apart(bench: Any) -> None:
    database = bench.store.database
    other = bench.store.client[f"{database.name}_other"]
    with heard(bench.store.client, database) as heard_until:
        other["others"].insert_one({"pending": True})
        bench.add("1")
        assert heard_until("things") <= {"opening", "things"}
    other.client.drop_database(other.name)


def test_a_relay_may_be_told_by_a_watch_of_several_databases(bench: Any) -> None:
    news, stop = News(bench.store.client), threading.Event()
    watcher = threading.Thread(target=news.watch, args=(stop,))
    watcher.start()
    with running(Relay(bench.store, bench.topology, bench.app, news)):
        bench.add("1")
        assert ids(bench.wait_for(f"{bench.service}.default", 1)) == ["things/1#1.0"]
    stop.set()
    watcher.join(30)


def test_an_event_without_subscribers_is_done_with(bench: Any) -> None:
    bench.add("1", 0)
    bench.things.change("1", bench.command(), lambda thing: thing.note())
    assert bench.pending() == 1
    assert Relay(bench.store, bench.topology, bench.app).sweep() == 1
    assert bench.pending() == 0


def test_what_happens_while_the_relay_sends_is_relayed_too_and_once(bench: Any) -> None:
    bench.add("1")
    overtaken: list[str] = []

    class Overtaken(Relay):
        def _send(self, events: Sequence[dict[str, Any]]) -> None:
            super()._send(events)
            if not overtaken:
                overtaken.extend(event["id"] for event in events)
                bench.change("1", 2)

    assert Overtaken(bench.store, bench.topology, bench.app).sweep() == 3
    assert bench.pending() == 0
    assert ids(bench.received(f"{bench.service}.default")) == ["things/1#1.0", "things/1#2.0", "things/1#2.1"]


def test_a_change_without_events_while_the_relay_sends_leaves_nothing_behind(bench: Any) -> None:
    bench.add("1")

    class Overtaken(Relay):
        def _send(self, events: Sequence[dict[str, Any]]) -> None:
            super()._send(events)
            bench.things.change("1", bench.command(), lambda _: None)

    Overtaken(bench.store, bench.topology, bench.app).sweep()
    assert bench.pending() == 0
    assert ids(bench.received(f"{bench.service}.default")) == ["things/1#1.0"]


KILLED = """
    import os, signal
    from pymongo.collection import Collection
    from motcua_kit.events.broker import celery_app
    from motcua_kit.events.relay import Relay
    from motcua_kit.settings import Profile, ServiceSettings
    from motcua_kit.store import Store
    from motcua_kit.topology import Subscription, Topology

    Collection.bulk_write = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
    settings = ServiceSettings(
        profile=Profile.LOCAL, service_name="{service}", mongodb_uri="unused", broker_url="{broker_url}"
    )
    events = {{"thing.opened": (Subscription("{service}.first"),)}}
    app = celery_app(settings, ["{service}.default"])
    Relay(Store("{mongodb_uri}", "{database}"), Topology(events=events, schedules=()), app).sweep()
"""


def test_a_relay_killed_after_sending_sends_again_in_order(bench: Any, servers: EmbeddedServers) -> None:
    bench.add("1", 3)
    program = textwrap.dedent(KILLED).format(
        service=bench.service,
        broker_url=servers.broker_url,
        mongodb_uri=servers.mongodb_uri,
        database=bench.store.database.name,
    )
    killed = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603
    assert killed.returncode == -signal.SIGKILL
    assert bench.pending() == 1
    Relay(bench.store, bench.topology, bench.app).sweep()
    expected = ["things/1#1.0", "things/1#1.1", "things/1#1.2"]
    assert ids(bench.received(f"{bench.service}.default")) == [*expected, *expected]
    assert bench.pending() == 0


def test_a_running_relay_hears_of_new_events(bench: Any) -> None:
    bench.add("1")
    with running(Relay(bench.store, bench.topology, bench.app)):
        bench.wait_for(f"{bench.service}.default", 1)
        bench.change("1")
        bench.add("2")
        assert sorted(ids(bench.wait_for(f"{bench.service}.default", 2))) == ["things/1#2.0", "things/2#1.0"]


def know_queues(bench: Any, relay: Relay) -> None:
    """Send something, so that the queues are known to be there and only sending can fail."""
    bench.add("0")
    relay.sweep()
    for queue in ("default", "slow"):
        bench.received(f"{bench.service}.{queue}")


def test_a_batch_that_the_broker_takes_only_in_part_is_sent_again_whole(bench: Any, servers: EmbeddedServers) -> None:
    first, second = f"{bench.service}.default", f"{bench.service}.slow"
    relay = Relay(bench.store, bench.topology, bench.app)
    know_queues(bench, relay)
    bench.add("1", 2)
    bench.add("2")
    with redis.Redis.from_url(servers.broker_url) as broker:
        broker.set(second, "no list")  # what goes there is refused, what goes elsewhere is taken
        with pytest.raises(OUTAGES) as failure:
            relay.sweep()
        assert failure.type is BatchPublishError
        assert broker.llen(first) == 3, "a part was taken"
        broker.delete(second)
    assert bench.pending() == 2
    assert relay.sweep() == 3
    assert bench.pending() == 0
    assert sorted(ids(bench.received(second))) == ["things/1#1.0", "things/1#1.1", "things/2#1.0"]
    twice = ids(bench.received(first))
    assert [one for one in twice if "/1#" in one] == ["things/1#1.0", "things/1#1.1"] * 2
    assert twice.count("things/2#1.0") == 2


def test_an_outage_of_the_broker_loses_nothing(
    bench: Any, store: Store, own_broker: tuple[str, Any], make_bench: Any
) -> None:
    url, server = own_broker
    mine = make_bench(store, url, bench.service)
    mine.app.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0.1}
    with running(Relay(mine.store, mine.topology, mine.app)):
        mine.add("1")
        mine.wait_for(f"{mine.service}.default", 1)
        server.kill()
        mine.change("1", 2)
        server.start()
        seen = ids(mine.wait_for(f"{mine.service}.default", 2))
    assert list(dict.fromkeys(seen)) == ["things/1#2.0", "things/1#2.1"]
    mine.app.close()


def test_events_that_wait_too_long_are_told(bench: Any) -> None:
    bench.add("1")
    age = system_clock() - bench.command().time
    assert stuck_events(bench.store, abs(age) + timedelta(hours=1)) == []
    bench.store.collection("things").update_one(
        {"_id": "1"}, {"$set": {"outbox.0.time": system_clock() - timedelta(hours=1)}}
    )
    assert stuck_events(bench.store, timedelta(minutes=5)) == ["things/1#1.0"]
    Relay(bench.store, bench.topology, bench.app).sweep()
    assert stuck_events(bench.store, timedelta(minutes=5)) == []
