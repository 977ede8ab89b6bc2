"""Bare gRPC servers: what a call costs when it is one store operation and nothing else.

    python -m motcua_devstack.bench.bare    # settings in the environment, as of a service

Same server options, thread pool, messages and store settings as a service of the suite; no token, no check, no span, no
mapping: the answer is always the same message.
"""

from __future__ import annotations

import itertools
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message

from motcua.dossier.v1.dossier_pb2 import AcceptDossierRequest, Dossier, GetDossierRequest, UpdateDossierRequest
from motcua_kit.rpc.server import server_options
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Store

SERVICE = "motcua.bench.Bare"
COLLECTION = "dossiers"
WRITE_PATH = ("_id", "version", "history", "outbox", "pending", "replies", "created_by")
"""Parts of a document that a bare update leaves alone."""


class Bare:
    """The handlers.

    Args:
        store: a database with documents to read and to write, before the first call that does.
        answer: what every call is answered with.
    """

    def __init__(self, store: Store, answer: Dossier) -> None:
        self._documents = store.collection(COLLECTION)
        self._answer = answer

    def read(self, request: GetDossierRequest, context: grpc.ServicerContext) -> Dossier:
        """Find one document by its id."""
        if self._documents.find_one({"_id": request.name.rpartition("/")[2]}) is None:
            context.abort(grpc.StatusCode.NOT_FOUND, request.name)
        return self._answer

    def write(self, state: int) -> Callable[[Any, grpc.ServicerContext], Dossier]:
        """Return a handler that changes one of the documents in a state, if its version is still the one it knows."""
        changed: Iterator[dict[str, Any]] = itertools.cycle(self._known(state))
        lock = threading.Lock()

        def write(request: Message, context: grpc.ServicerContext) -> Dossier:
            with lock:  # a generator is no place for two threads
                one = next(changed)
                version, one["version"] = one["version"], one["version"] + 1
            query = {"_id": one["_id"], "version": version}
            update = {"$set": one["state"], "$inc": {"version": 1}}
            if self._documents.update_one(query, update).matched_count != 1:
                context.abort(grpc.StatusCode.ABORTED, str(type(request)))
            return self._answer

        return write

    def _known(self, state: int) -> Iterator[dict[str, Any]]:
        """All documents in a state, found when the first of them is asked for."""
        for document in self._documents.find({"state": state}):
            yield {"_id": document["_id"], "version": document["version"], "state": _state(document)}

    def handlers(self) -> dict[str, Any]:
        """Handlers of gRPC by method name; the requests are those of the suite."""
        return {
            "GetDossier": _handler(self.read, GetDossierRequest),
            "AcceptDossier": _handler(self.write(Dossier.STATE_SUBMITTED), AcceptDossierRequest),
            "UpdateDossier": _handler(self.write(Dossier.STATE_DRAFT), UpdateDossierRequest),
        }


def _state(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in WRITE_PATH}


def _handler(behaviour: Callable[[Any, grpc.ServicerContext], Dossier], request: type[Message]) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        behaviour, request_deserializer=request.FromString, response_serializer=Dossier.SerializeToString
    )


def serve(answer: Path) -> None:
    """Serve until SIGTERM."""
    settings = ServiceSettings(service_name="bare")
    store = Store(settings.mongodb_uri.get_secret_value(), settings.database)
    server = grpc.server(
        ThreadPoolExecutor(settings.grpc_threads),
        maximum_concurrent_rpcs=settings.grpc_threads + settings.grpc_max_waiting,
        options=server_options(settings),
    )
    handlers = Bare(store, Dossier.FromString(answer.read_bytes())).handlers()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_insecure_port(settings.grpc_bind)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server.start()
    stop.wait()
    server.stop(0).wait()
    store.close()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
