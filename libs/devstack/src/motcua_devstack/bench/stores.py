"""Bare store operations: how many of which kind a piece of work makes, and the same ones without the work."""

from __future__ import annotations

import contextlib
import copy
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

import redis

from motcua_devstack import traces
from motcua_devstack.bench.rows import Bench
from motcua_devstack.bench.servers import store
from motcua_devstack.demo.local import SpanFile
from motcua_devstack.errors import DevError
from motcua_devstack.stack import OTLP_ENDPOINT
from motcua_devstack.traces import Span
from motcua_kit.objects import ObjectStore

FLUSH_SECONDS = 2.0
"""After which the spans of what is over have arrived."""

FIND, UPDATE, INSERT, PUT, GET, MESSAGE = "find", "update", "insert", "put", "get", "message"
KINDS = {"update": UPDATE, "delete": UPDATE, "findAndModify": UPDATE, "insert": INSERT}
"""MongoDB commands that are no reads."""

DATABASE, BUCKET = "bench_stores", "bench-stores"


def operations(bench: Bench, begun: float) -> Counter[str]:
    """Count the store operations since a moment, in seconds since 1970, by the spans of the services.

    Relay and leases make none, so that theirs are not counted.

    Raises:
        DevError: spans go to a receiver of the developer's own.
    """
    if bench.running.stack.given.get(OTLP_ENDPOINT):
        raise DevError(f"store operations are counted by spans: unset {OTLP_ENDPOINT}")
    until = time.time()
    time.sleep(FLUSH_SECONDS)
    spans = SpanFile(bench.running.stack.spans).of((), begun)
    return _counted((span for span in spans if span["start"] < until), bench.running.addresses.object_store)


def _counted(spans: Iterable[Span], object_store: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for span in spans:
        match traces.hop(span):
            case "mongodb":
                counts[KINDS.get(span["name"].rpartition(".")[2], FIND)] += 1
            case "message":
                counts[MESSAGE] += 1
            case "http" if span["kind"] == "client" and _url(span).startswith(object_store):
                counts[PUT if span["name"].startswith(("PUT", "POST")) else GET] += 1
    return counts


def _url(span: Span) -> str:
    return str(span["attributes"].get("url.full") or span["attributes"].get("http.url", ""))


class BareStores:
    """The servers of the stack, asked for single operations.

    Args:
        bench: where they are.
        document: what is stored, as large as what the suite stores.
        content: of an object.
    """

    def __init__(self, bench: Bench, document: dict[str, Any], content: bytes) -> None:
        settings = bench.running.settings("dossier")
        self._keep = contextlib.ExitStack()
        self._documents = self._keep.enter_context(contextlib.closing(store(bench, DATABASE))).collection("documents")
        self._broker = self._keep.enter_context(redis.Redis.from_url(bench.running.addresses.broker_url))
        self._objects = ObjectStore(
            settings["OBJECT_STORE_URL"],
            settings["OBJECT_STORE_ACCESS_KEY"],
            settings["OBJECT_STORE_SECRET_KEY"],
            BUCKET,
        )
        self._objects.ensure_bucket()
        self._document, self._content = document, content
        self._message = "x" * 1024
        self._does = {
            FIND: self._find,
            UPDATE: self._update,
            INSERT: self._insert,
            PUT: self._put,
            GET: self._get,
            MESSAGE: self._send,
        }

    def run(self, counts: Counter[str]) -> None:
        """Make so many operations of each kind, one after the other."""
        identity = uuid.uuid4().hex
        self._documents.insert_one({**copy.deepcopy(self._document), "_id": identity, "version": 0})
        if counts[GET]:
            self._objects.put(identity, self._content, "application/pdf")
        for kind, times in counts.items():
            for number in range(times):
                self._does[kind](identity, number)

    def close(self) -> None:
        """Close the connections."""
        self._keep.close()

    def _find(self, identity: str, _number: int) -> None:
        self._documents.find_one({"_id": identity})

    def _update(self, identity: str, number: int) -> None:
        state = {name: value for name, value in self._document.items() if name not in ("_id", "version")}
        self._documents.update_one({"_id": identity, "version": number}, {"$set": state, "$inc": {"version": 1}})

    def _insert(self, _identity: str, _number: int) -> None:
        self._documents.insert_one({**copy.deepcopy(self._document), "_id": uuid.uuid4().hex})

    def _put(self, _identity: str, _number: int) -> None:
        self._objects.put(uuid.uuid4().hex, self._content, "application/pdf")

    def _get(self, identity: str, _number: int) -> None:
        self._objects.get(identity)

    def _send(self, identity: str, _number: int) -> None:
        self._broker.lpush(f"bench-{identity}", self._message)
        self._broker.rpop(f"bench-{identity}")
