"""The relay: hands events from the documents they happened in to the broker, at least once, in order per document."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from celery import Celery
from kombu.exceptions import BatchPublishError, OperationalError
from kombu.messaging import Producer
from opentelemetry import context as otel_context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.propagate import extract
from pymongo import UpdateMany, UpdateOne
from pymongo.errors import PyMongoError

from motcua_kit.clock import system_clock
from motcua_kit.events.news import News, Wait, of_aggregates
from motcua_kit.events.sent import note_sent
from motcua_kit.store.connection import Document, Store
from motcua_kit.topology import Topology

log = structlog.get_logger(__name__)

OUTAGES = (PyMongoError, ConnectionError, OperationalError, BatchPublishError)
BATCH = 200
SWEEP_SECONDS = 2.0
"""How often all outboxes are looked through, whatever the change stream says."""

STUCK_AFTER = timedelta(minutes=5)


class Relay:
    """Empties the outboxes of one service's database. Only one may run at a time: hold the lease `relay`.

    Args:
        store: the service's database.
        topology: says who gets which event.
        app: sends the tasks.
        news: of this database among others, while somebody watches; the relay watches by itself when not given.
    """

    def __init__(self, store: Store, topology: Topology, app: Celery, news: News | None = None) -> None:
        self._store = store
        self._topology = topology
        self._app = app
        self._news = news

    def run(self, stop: threading.Event) -> None:
        """Relay until told to stop; outages of the database or the broker are waited out."""
        with self._listening(stop) as wait:
            while not stop.is_set():
                until = time.monotonic() + SWEEP_SECONDS
                try:
                    self.sweep()
                    while not stop.is_set() and (names := wait(until)):
                        for name in names:
                            self.drain(name)
                except OUTAGES as error:
                    log.warning("relay_interrupted", error=type(error).__name__, detail=str(error))
                    stop.wait(1.0)

    @contextmanager
    def _listening(self, stop: threading.Event) -> Iterator[Wait]:
        database = self._store.database
        news = self._news or News(database)
        with news.listening(database.name) as wait:
            if self._news:
                yield wait
                return
            watcher = threading.Thread(target=news.watch, args=(stop,), name="relay-watch", daemon=True)
            watcher.start()
            yield wait
            watcher.join(timeout=5)

    def sweep(self) -> int:
        """Hand over all events there are now and return how many."""
        with suppress_instrumentation():
            names = _collections(self._store)
        return sum(self.drain(name) for name in names)

    def drain(self, collection: str) -> int:
        """Hand over the events of one collection and return how many."""
        total = 0
        while pending := self._pending(collection):
            events = [event for document in pending for event in document["outbox"]]
            if events:
                self._send(events)
                with suppress_instrumentation():  # until they are noted they wait in their documents
                    note_sent(self._store, events)
            all_out = self._take_out(collection, pending)
            total += len(events)
            if all_out and len(pending) < BATCH:
                break
        return total

    def _pending(self, collection: str) -> list[Document]:
        documents = self._store.collection(collection)
        with suppress_instrumentation():
            found = documents.find({"pending": True}, {"outbox": 1, "version": 1}, limit=BATCH, batch_size=BATCH)
            return list(found)

    def _send(self, events: Sequence[Document]) -> None:
        """Give events to the broker, in order and in one go; when that fails, nobody knows which of them it has.

        Raises:
            OperationalError: the broker does not answer.
            BatchPublishError: it stopped to answer, or refused, in the middle.
        """
        with self._app.producer_or_acquire() as producer:

            def publish() -> None:
                with producer.batch():
                    for event in events:
                        self._publish(producer, event)

            # The pool may give a connection that died long ago: begin the whole anew, as no part of it counts alone.
            policy = self._app.conf.task_publish_retry_policy
            producer.connection.ensure(producer, publish, **policy)()

    def _publish(self, producer: Producer, event: Document) -> None:
        age = datetime.now(UTC) - event["time"]
        if age > STUCK_AFTER:
            log.warning("event_was_stuck", event_id=event["id"], seconds=int(age.total_seconds()))
        subscriptions = self._topology.events.get(event["type"])
        if subscriptions is None:
            log.error("event_unknown", event_id=event["id"], type=event["type"])
            return
        wire = {**event, "time": event["time"].isoformat()}
        del wire["trace"]
        token = otel_context.attach(extract(event["trace"]))  # the consequence belongs to the trace of its cause
        try:
            for one in subscriptions:
                self._app.send_task(
                    one.task,
                    kwargs={"event": wire},
                    queue=one.route,
                    producer=producer,
                    retry=False,
                    argsrepr="()",  # what Celery would make for its own lines takes longer than all the rest
                    kwargsrepr=event["id"],
                )
        finally:
            otel_context.detach(token)

    def _take_out(self, collection: str, sent: Sequence[Document]) -> bool:
        """Take what was sent out of the documents; tell whether nothing has happened meanwhile: that stays in them."""
        versions: dict[int, list[str]] = defaultdict(list)
        for document in sent:
            versions[document["version"]].append(document["_id"])
        # One update for all documents of a version: one for each costs some servers three times as much.
        unchanged = [
            UpdateMany({"_id": {"$in": ids}, "version": version}, {"$set": {"outbox": []}, "$unset": {"pending": ""}})
            for version, ids in versions.items()
        ]
        changed = [
            UpdateOne(
                {"_id": document["_id"], "version": {"$ne": document["version"]}},
                {"$pull": {"outbox": {"id": {"$in": [event["id"] for event in document["outbox"]]}}}},
            )
            for document in sent
        ]
        with suppress_instrumentation():
            documents = self._store.collection(collection)
            if documents.bulk_write(unchanged, ordered=False).matched_count == len(sent):
                return True
            documents.bulk_write(changed, ordered=False)
            return False


def oldest_event(store: Store) -> datetime | None:
    """Return when the oldest event that waits happened, or None when none waits."""
    times = [
        min(event["time"] for event in document["outbox"])
        for name in _collections(store)
        for document in store.collection(name).find(
            {"pending": True}, {"outbox.time": 1}, sort=[("outbox.time", 1)], limit=1
        )
    ]
    return min(times, default=None)


def stuck_events(store: Store, older_than: timedelta) -> list[str]:
    """Return the ids of events that wait longer than they should: the sweeper's alarm."""
    limit = system_clock() - older_than
    return [
        event["id"]
        for name in _collections(store)
        for document in store.collection(name).find({"pending": True, "outbox.time": {"$lt": limit}}, {"outbox": 1})
        for event in document["outbox"]
        if event["time"] < limit
    ]


def _collections(store: Store) -> list[str]:
    """Return the collections that may hold aggregates."""
    return [name for name in store.database.list_collection_names() if of_aggregates(name)]
