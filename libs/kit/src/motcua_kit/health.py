"""What a process says about itself over plain HTTP: `/livez` (restart me?) and `/readyz` (send me work?).

It is the same for all kinds of processes, because a kubelet cannot do mutual TLS and a worker has no port of its own.
No answer depends on another service or a store: an outage must not restart or withdraw everything that waits for it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

import structlog

log = structlog.get_logger(__name__)

Check = Callable[[], str]
"""Returns why not; an empty text when all is well."""

STUCK_SECONDS = 60.0
"""Longer than any single wait inside a process: the time-outs of the stores and the deadlines of calls lie below."""

CLIENT_SECONDS = 5.0
"""How long a client may take to send its request."""


def fine() -> str:
    """Return that all is well."""
    return ""


def starting() -> str:
    """Return that the process is not so far yet."""
    return "starting"


@dataclass
class Health:
    """The two answers of a process; whoever starts a part of it replaces them.

    Attributes:
        live: whether it moves; it is restarted when not.
        ready: whether it can take work.
    """

    live: Check = fine
    ready: Check = starting


class Pulse:
    """Something that must happen again and again, such as a turn of a loop.

    Args:
        what: what is wrong when it does not, e.g. `the event loop has not turned`.
        within: seconds after which it is late.
    """

    def __init__(self, what: str, within: float = STUCK_SECONDS) -> None:
        self._what = what
        self._within = within
        self._last = time.monotonic()

    def beat(self) -> None:
        """Note that it happened."""
        self._last = time.monotonic()

    def __call__(self) -> str:
        """Return why not, when it is late."""
        age = time.monotonic() - self._last
        return f"{self._what} for {age:.0f} s" if age > self._within else ""


class Progress:
    """Work on a number of threads: stuck when all are busy and none has finished anything for long.

    An overloaded process finishes something all the time, so it is never taken for a stuck one.

    Args:
        threads: how many there are.
        within: seconds after which silence of busy threads is a fault.
    """

    def __init__(self, threads: int, within: float = STUCK_SECONDS) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._busy = 0
        self._finished = Pulse(f"all {threads} threads are busy and none has finished anything", within)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Count one piece of work."""
        with self._lock:
            if self._busy < self._threads:
                self._finished.beat()
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1
                self._finished.beat()

    def __call__(self) -> str:
        """Return why not, when it is stuck."""
        with self._lock:
            return self._finished() if self._busy >= self._threads else ""


@contextmanager
def serve_health(bind: str, health: Health) -> Iterator[str]:
    """Serve a process's health inside the block; nothing is served when `bind` is empty.

    Args:
        bind: `host:port`; port 0 takes a free one.
        health: the answers.

    Yields:
        Where it is served, as `host:port`.

    Raises:
        OSError: the address cannot be had.
    """
    if not bind:
        yield ""
        return
    host, _, port = bind.rpartition(":")
    server = _Server((host.strip("[]"), int(port)), health)
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    address = f"{host}:{server.server_address[1]}"
    log.info("health_served", address=address)
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingTCPServer):
    """Not `HTTPServer`, which asks the DNS for its own name before it listens."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], health: Health) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.health = health
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = CLIENT_SECONDS
    server: _Server

    def do_GET(self) -> None:
        """Answer a probe."""
        health = self.server.health
        checks = {"/livez": (health.live,), "/readyz": (health.live, health.ready)}.get(self.path)
        if checks is None:
            self._answer(HTTPStatus.NOT_FOUND, "there are /livez and /readyz")
            return
        reasons = [reason for check in checks if (reason := check())]
        self._answer(HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK, "; ".join(reasons) or "ok")

    def _answer(self, status: HTTPStatus, line: str) -> None:
        body = f"{line}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Write no line per probe."""
