"""A service with one kind of aggregate, its topology, and a look into the broker's queues."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty
from typing import Any, ClassVar

import pytest
from celery import Celery

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, Event
from motcua_kit.events.broker import celery_app
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.store import Collection, Repository, Store, ensure_collections
from motcua_kit.topology import Schedule, Subscription, Topology

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PATIENCE = 30.0


@dataclass(frozen=True)
class Opened(Event):
    type: ClassVar[str] = "thing.opened"
    number: int


@dataclass(frozen=True)
class Noted(Event):
    type: ClassVar[str] = "thing.noted"


@dataclass(kw_only=True)
class Thing(Aggregate):
    count: int = 0

    def open(self, times: int = 1) -> None:
        for _ in range(times):
            self.count += 1
            self.record(Opened(self.count))

    def note(self) -> None:
        self.record(Noted())


@dataclass(frozen=True)
class Bench:
    """Everything a test of events needs; names are its own, so that tests can share a broker."""

    service: str
    store: Store
    things: Repository[Thing]
    topology: Topology
    app: Celery

    def add(self, identity: str, times: int = 1) -> None:
        thing = Thing(id=identity)
        thing.open(times)
        self.things.create(thing, self.command())

    def change(self, identity: str, times: int = 1) -> None:
        self.things.change(identity, self.command(), lambda thing: thing.open(times))

    def command(self) -> Command:
        return Command(name="Open", actor="officers/1", time=START)

    def received(self, queue: str) -> list[dict[str, Any]]:
        """Take out what waits in a queue of the broker: the keyword arguments of each task."""
        found: list[dict[str, Any]] = []
        with (
            self.app.connection_for_read() as connection,
            closing(connection.SimpleQueue(queue)) as waiting,
            suppress(Empty),
        ):
            while True:
                message = waiting.get(block=False)
                message.ack()
                found.append(message.payload[1])
        return found

    def wait_for(self, queue: str, count: int) -> list[dict[str, Any]]:
        """Take out of a queue until there were `count` tasks."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + PATIENCE
        while len(found) < count:
            assert time.monotonic() < deadline, found
            found += self.received(queue)
            time.sleep(0.02)
        return found

    def pending(self) -> int:
        return self.store.collection("things").count_documents({"pending": True})


def make_bench(store: Store, broker_url: str, service: str) -> Bench:
    settings = ServiceSettings(profile=Profile.LOCAL, service_name=service, mongodb_uri="unused", broker_url=broker_url)
    topology = Topology(
        events={
            "thing.opened": (Subscription(f"{service}.first"), Subscription(f"{service}.second", "slow")),
            "thing.noted": (),
        },
        schedules=(Schedule(f"{service}.tick", 0.1, "slow"),),
    )
    app = celery_app(settings, {f"{service}.default", f"{service}.slow"})
    ensure_collections(store, [Collection("things")])
    return Bench(service, store, Repository(store, Thing, "things"), topology, app)


@pytest.fixture
def bench(store: Store, servers: EmbeddedServers) -> Iterator[Bench]:
    made = make_bench(store, servers.broker_url, f"t{uuid.uuid4().hex[:12]}")
    yield made
    made.app.close()


@pytest.fixture(name="make_bench")
def _make_bench() -> Callable[[Store, str, str], Bench]:
    return make_bench
