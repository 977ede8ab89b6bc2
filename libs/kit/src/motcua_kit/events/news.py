"""News for the relay: in which collections documents with events were written just now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pymongo import MongoClient
from pymongo.change_stream import ChangeStream
from pymongo.database import Database
from pymongo.errors import PyMongoError

from motcua_kit.store.connection import Document

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


Wait = Callable[[float], set[str]]
"""Waits until a reading of the monotonic clock; returns the collections with news, or none when the time has come."""


def of_aggregates(collection: str) -> bool:
    """Tell whether a collection may hold aggregates; the names of the kit's own begin with an underscore."""
    return not collection.startswith("_")


class News:
    """What a change stream tells of one database or several; where there is no change stream, it tells nothing.

    Args:
        source: the database; or the client, for all databases of its server: each stream more slows down every write.
    """

    def __init__(self, source: Database[Document] | MongoClient[Document]) -> None:
        self._source = source
        self._heard: dict[str, SimpleQueue[str]] = {}

    def watch(self, stop: threading.Event) -> None:
        """Look at the change stream until told to stop; outages are waited out."""
        while not stop.is_set():
            try:
                with suppress_instrumentation(), self._source.watch(WRITTEN, max_await_time_ms=AWAIT_MS) as stream:
                    for database, collection in _collections(stream, stop):
                        heard = self._heard.get(database)
                        if heard is not None and of_aggregates(collection):
                            heard.put(collection)
            except PyMongoError as error:
                log.warning("relay_watch_interrupted", error=type(error).__name__)
                stop.wait(RETRY_SECONDS)

    @contextmanager
    def listening(self, database: str) -> Iterator[Wait]:
        """Keep the news of a database for the block; yields how to wait for them."""
        heard = self._heard[database] = SimpleQueue()
        try:
            yield partial(_gathered, heard)
        finally:
            del self._heard[database]


def _gathered(heard: SimpleQueue[str], until: float) -> set[str]:
    names: set[str] = set()
    left = until - time.monotonic()
    with suppress(Empty):
        while left > 0:
            names.add(heard.get_nowait() if names else heard.get(timeout=left))
    return names


def _collections(stream: ChangeStream[Document], stop: threading.Event) -> Iterator[tuple[str, str]]:
    """Yield where changes were made. Some servers end a look at each write of anybody: then looks get rarer."""
    rest = SHORTEST_REST
    while not stop.is_set() and stream.alive:
        begun = time.monotonic()
        if change := stream.try_next():
            yield change["ns"]["db"], change["ns"]["coll"]
            rest = SHORTEST_REST
        else:
            hurried = time.monotonic() - begun < LONGEST_REST
            rest = min(2 * rest, LONGEST_REST) if hurried else SHORTEST_REST
            stop.wait(rest)
