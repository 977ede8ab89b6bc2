"""The mail server: takes every e-mail, keeps it as `.eml`, recognises a repeat by its Message-ID."""

from __future__ import annotations

import asyncio
import threading
from email import message_from_bytes
from email.policy import default
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from motcua_devstack.sinks.faults import Faults
from motcua_devstack.sinks.files import MessageFolder


class _Handler:
    def __init__(self, folder: MessageFolder, faults: Faults) -> None:
        self._folder = folder
        self._faults = faults

    async def handle_DATA(self, server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        fault = self._faults.of("smtp")
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.code:
            return f"{fault.code} told to fail"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        key = message_from_bytes(content, policy=default)["Message-ID"]
        if not key:
            return "550 5.6.0 no Message-ID"
        new = self._folder.keep(str(key), content)
        if fault.lose_answer:
            server.transport.abort()
        answer = "250 2.0.0 kept" if new else "250 2.0.0 had it already"
        return f"{answer}\r\n{answer}" if fault.answer_twice else answer


class SmtpSink:
    """A mail server on a thread of its own; use it in a `with` block.

    Args:
        host: address to listen on.
        port: port to listen on; 0 for any.
        folder: keeps the e-mails.
        faults: says how to misbehave.
    """

    def __init__(self, host: str, port: int, folder: MessageFolder, faults: Faults) -> None:
        self._host = host
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._handler = _Handler(folder, faults)
        self._server: asyncio.Server | None = None
        self.port = port

    def __enter__(self) -> Self:
        """Begin to listen.

        Raises:
            OSError: the port is in use.
        """
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=10)
        except OSError:
            self._stop_loop()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._stop_loop()

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(self._session, self._host, self.port)

    def _session(self) -> SMTP:
        return SMTP(self._handler, hostname="sink.test", enable_SMTPUTF8=True, loop=self._loop)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()
