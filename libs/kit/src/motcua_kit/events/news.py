"""News for the relay: in which collections documents with events were written just now."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pymongo.change_stream import ChangeStream
from pymongo.errors import PyMongoError

from motcua_kit.store.connection import Document, Store

log = structlog.get_logger(__name__)

AWAIT_MS = 500
"""How long one look at the change stream waits for news."""

SHORTEST_REST, LONGEST_REST = 0.001, 0.032
"""Seconds between two looks."""

RETRY_SECONDS = 2.0

WRITTEN: list[dict[str, Any]] = [
    {
        "$match": {
            "$or": [
                {"operationType": "insert", "fullDocument.pending": True},
                {"updateDescription.updatedFields.pending": True},
            ]
        }
    },
    {"$project": {"ns": 1}},
]
"""Writes after which a document waits; not those of the relay itself, nor what is in the document."""


def of_aggregates(collection: str) -> bool:
    """Tell whether a collection may hold aggregates; the names of the kit's own begin with an underscore."""
    return not collection.startswith("_")


class News:
    """What the change stream of a database tells; where there is no change stream, it tells nothing.

    Args:
        store: the database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._collections: SimpleQueue[str] = SimpleQueue()

    def watch(self, stop: threading.Event) -> None:
        """Look at the change stream until told to stop; outages are waited out."""
        while not stop.is_set():
            try:
                with (
                    suppress_instrumentation(),
                    self._store.database.watch(WRITTEN, max_await_time_ms=AWAIT_MS) as stream,
                ):
                    for collection in _collections(stream, stop):
                        if of_aggregates(collection):
                            self._collections.put(collection)
            except PyMongoError as error:
                log.warning("relay_watch_interrupted", error=type(error).__name__)
                stop.wait(RETRY_SECONDS)

    def wait(self, until: float) -> set[str]:
        """Wait for collections with news; there are none when the time has come.

        Args:
            until: reading of the monotonic clock.
        """
        names: set[str] = set()
        left = until - time.monotonic()
        with suppress(Empty):
            while left > 0:
                names.add(self._collections.get_nowait() if names else self._collections.get(timeout=left))
        return names


def _collections(stream: ChangeStream[Document], stop: threading.Event) -> Iterator[str]:
    """Yield the collections of changes. Some servers end a look at each write of anybody: then looks get rarer."""
    rest = SHORTEST_REST
    while not stop.is_set() and stream.alive:
        begun = time.monotonic()
        if change := stream.try_next():
            yield change["ns"]["coll"]
            rest = SHORTEST_REST
        else:
            hurried = time.monotonic() - begun < LONGEST_REST
            rest = min(2 * rest, LONGEST_REST) if hurried else SHORTEST_REST
            stop.wait(rest)
