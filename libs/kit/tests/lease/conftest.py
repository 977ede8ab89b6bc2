"""The API server's part for one Lease, over real HTTP: get and replace with resourceVersion, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

NAME, NAMESPACE = "motcua-dossier-scheduler", "here"
PATH = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}"


class FakeLeases(ThreadingHTTPServer):
    """Keeps the Lease.

    Attributes:
        lease: the object as it is now.
        answer: what is answered instead; OK when everything is well.
        methods: of the requests that came.
    """

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.lease: dict[str, Any] = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NAME, "namespace": NAMESPACE, "resourceVersion": "1"},
            "spec": {},
        }
        self.answer = HTTPStatus.OK
        self.methods: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def holder(self) -> str:
        holder: str = self.lease["spec"].get("holderIdentity", "")
        return holder

    @contextmanager
    def running(self) -> Iterator[FakeLeases]:
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        yield self
        self.shutdown()
        self.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: FakeLeases

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            version = self.server.lease["metadata"]["resourceVersion"]
            if sent["metadata"]["resourceVersion"] != version:
                self._send(HTTPStatus.CONFLICT, {"reason": "Conflict"})
                return
            if self.server.answer is HTTPStatus.OK:
                sent["metadata"]["resourceVersion"] = str(int(version) + 1)
                self.server.lease = sent
        self._answer()

    def _answer(self) -> None:
        self.server.methods.append(self.command)
        if self.path != PATH:
            self._send(HTTPStatus.NOT_FOUND, {"reason": "NotFound"})
        elif self.server.answer is HTTPStatus.OK:
            self._send(HTTPStatus.OK, self.server.lease)
        else:
            self._send(self.server.answer, {"reason": self.server.answer.phrase})

    def _send(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture
def leases() -> Iterator[FakeLeases]:
    with FakeLeases().running() as server:
        yield server
