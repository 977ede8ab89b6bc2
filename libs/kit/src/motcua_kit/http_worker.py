"""gunicorn's threads, none of which a client holds by being silent or slow."""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, ClassVar

import structlog
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker  # type: ignore[attr-defined] # the stubs are older

log = structlog.get_logger(__name__)


HEAD_SECONDS = 5.0
"""In which the head of a request must come, from its first byte."""


class PromptWorker(ThreadWorker):
    """Gives a thread to a connection only once it has sent something, and takes the thread back in time.

    gunicorn itself waits for five seconds in a thread for the first byte, and for the rest of a request without end: as
    many connections as there are threads, each with half a header, would keep all others out.

    Attributes:
        seconds: from the head of a request to the last byte of its answer; then the connection is cut.
    """

    seconds: ClassVar[float] = 60.0
    _cut_at: dict[TConn, float]

    def init_process(self) -> None:
        """Run until told to stop."""
        self._cut_at = {}
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Hand a connection to a thread, or back to the loop when nothing has come from it yet."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        silent: Future[Any] = Future()
        silent.set_result(_DEFER)
        self.finish_request(conn, silent)

    def handle(self, conn: TConn) -> Any:
        """Work on one request; runs in a thread."""
        self._cut_at[conn] = time.monotonic() + min(HEAD_SECONDS, self.seconds)
        try:
            return super().handle(conn)
        finally:
            self._cut_at.pop(conn, None)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer a request whose head has come."""
        self._cut_at[conn] = time.monotonic() + self.seconds
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Cut what takes too long; the loop calls this at least once a second."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [conn for conn, cut_at in self._cut_at.copy().items() if cut_at < now]:
            log.warning("request_cut")
            # Not `close`, which would not wake the thread that waits for this socket.
            with suppress(OSError):
                socket.socket.shutdown(conn.sock, socket.SHUT_RDWR)
