"""The broker is in no backup: what it held is sent again, and takes effect once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty
from typing import Any, ClassVar

import pytest
from celery import Celery
from click.testing import CliRunner

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.clock import system_clock
from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, Event
from motcua_kit.events import ReceivedEvent, Tasks, sent
from motcua_kit.events.broker import celery_app
from motcua_kit.events.relay import Relay
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.store import Repository, Store
from motcua_kit.topology import Subscription, Topology
from motcua_ops.backup.restore import restore_backup
from motcua_ops.backup.storage import FolderStorage
from motcua_ops.backup.take import take_backup
from motcua_ops.cli import main


@dataclass(frozen=True)
class Opened(Event):
    type: ClassVar[str] = "thing.opened"


@dataclass(kw_only=True)
class Thing(Aggregate):
    opener: str = ""


class Subscriber:
    """A service whose handler answers each event by a new aggregate."""

    def __init__(self, store: Store, broker_url: str) -> None:
        name = f"t{uuid.uuid4().hex[:12]}"
        self.queue = f"{name}.default"
        settings = ServiceSettings(
            profile=Profile.LOCAL, service_name=name, mongodb_uri="unused", broker_url=broker_url
        )
        self.app: Celery = celery_app(settings, {self.queue})
        self.store = store
        self.things = Repository(store, Thing, "things")
        self.task = f"{name}.answer"
        self.tasks = Tasks(name)
        self.tasks.on_event(self.task)(self.answer)
        self.topology = Topology(events={"thing.opened": (Subscription(self.task),)}, schedules=())

    def open(self, identity: str) -> None:
        thing = Thing(id=identity)
        thing.record(Opened())
        self.things.create(thing, Command(name="Open", actor="officers/1", time=datetime.now(UTC)))

    def answer(self, event: ReceivedEvent, command: Command) -> None:
        self.things.create(Thing(id=uuid.uuid4().hex, opener=event.subject), command)

    def relay(self) -> int:
        return Relay(self.store, self.topology, self.app).sweep()

    def waiting(self) -> list[dict[str, Any]]:
        """Take the events out of the broker."""
        found = []
        with (
            self.app.connection_for_read() as connection,
            closing(connection.SimpleQueue(self.queue)) as queue,
            suppress(Empty),
        ):
            while True:
                message = queue.get(block=False)
                message.ack()
                found.append(message.payload[1]["event"])
        return found

    def handle(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            self.tasks.run(self.task, event, system_clock)

    def answered(self) -> list[str]:
        return sorted(thing.opener for thing in self.things.find({"opener": {"$gt": ""}}))


@pytest.fixture
def subscriber(suite: Any, embedded_servers: EmbeddedServers) -> Iterator[Subscriber]:
    store = suite.store("dossier")
    made = Subscriber(store, embedded_servers.broker_url)
    yield made
    made.app.close()
    store.close()


def test_an_event_that_was_in_the_broker_takes_effect_once(
    suite: Any, subscriber: Subscriber, folder: FolderStorage
) -> None:
    subscriber.open("done")
    subscriber.relay()
    subscriber.handle(subscriber.waiting())
    subscriber.open("in-the-broker")
    subscriber.relay()
    subscriber.open("in-the-outbox")
    assert subscriber.answered() == ["things/done"]
    manifest = take_backup(suite.stores, folder, threads=2)

    suite.wipe()
    assert len(subscriber.waiting()) == 1  # lost with the broker
    restore_backup(suite.stores, folder, manifest)
    assert subscriber.answered() == ["things/done"]
    assert subscriber.relay() == 3
    subscriber.handle(subscriber.waiting())
    assert subscriber.answered() == ["things/done", "things/in-the-broker", "things/in-the-outbox"]
    assert subscriber.relay() == 0


def test_a_broker_that_lost_everything_gets_it_again(
    suite: Any, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in suite.environment.items():
        monkeypatch.setenv(name, value)
    subscriber.open("done")
    subscriber.relay()
    subscriber.handle(subscriber.waiting())
    subscriber.open("in-the-broker")
    subscriber.relay()
    assert len(subscriber.waiting()) == 1  # lost
    result = CliRunner().invoke(main, ["resend", "--hours", "1", *suite.options])
    assert result.exit_code == 0, result.output
    assert "dossier: 2 events are sent again" in result.output
    subscriber.relay()
    subscriber.handle(subscriber.waiting())
    assert subscriber.answered() == ["things/done", "things/in-the-broker"]


def test_what_was_sent_long_before_is_not_sent_again(suite: Any, subscriber: Subscriber, folder: FolderStorage) -> None:
    subscriber.open("long-ago")
    subscriber.open("lately")
    subscriber.relay()
    subscriber.waiting()
    journal = suite.database("dossier")[sent.COLLECTION]
    journal.update_one({"_id": "things/long-ago#1.0"}, {"$set": {"sent_time": datetime.now(UTC) - timedelta(hours=25)}})
    manifest = take_backup(suite.stores, folder, threads=2)
    restore_backup(suite.stores, folder, manifest, replace=True)
    subscriber.relay()
    assert [event["subject"] for event in subscriber.waiting()] == ["things/lately"]
    restore_backup(suite.stores, folder, manifest, replace=True, resend_since=timedelta())
    assert subscriber.relay() == 0
