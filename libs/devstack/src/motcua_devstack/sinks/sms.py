"""The short-message gateway: takes every message, keeps it as JSON, recognises a repeat by its Idempotency-Key.

Besides it lets people look and tests meddle:

    POST /messages   take a message: {"to": "+84…", "from": "…", "text": "…", "encoding": "ucs2"}
    GET  /messages   all messages kept, with the number of repeats
    GET  /emails     all e-mails that the mail server has kept: when they came, for whom, about what
    GET  /faults     how both sinks misbehave
    PUT  /faults     let them misbehave: {"smtp": {"code": 451}, "sms": {"code": 503, "delay": 0.2}}; {} ends it
    GET  /healthz    that the sinks run
"""

from __future__ import annotations

import json
import re
import sys
import threading
import uuid
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.policy import default
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from motcua_devstack.sinks.faults import SINKS, Fault, Faults
from motcua_devstack.sinks.files import MessageFolder

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
MAX_BYTES = 64 * 1024


class SmsSink:
    """A gateway on a thread of its own; use it in a `with` block.

    Args:
        host: address to listen on.
        port: port to listen on; 0 for any.
        folder: keeps the messages.
        emails: keeps those of the mail server.
        faults: says how to misbehave.
    """

    def __init__(self, host: str, port: int, folder: MessageFolder, emails: MessageFolder, faults: Faults) -> None:
        self._server = _Gateway((host, port), folder, emails, faults)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sms-sink", daemon=True)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


class _Gateway(ThreadingHTTPServer):
    """The HTTP server with what its handlers share."""

    def __init__(self, address: tuple[str, int], folder: MessageFolder, emails: MessageFolder, faults: Faults) -> None:
        super().__init__(address, _Handler)
        self.folder = folder
        self.emails = emails
        self.faults = faults
        self.never = threading.Event()
        """Waiting for it with a timeout is a delay."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, but not that a client lost patience: a delay is there to try that."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Gateway
    protocol_version = "HTTP/1.1"
    server_version = "motcua-sms-sink"

    def do_GET(self) -> None:
        match self.path:
            case "/messages":
                folder = self.server.folder
                messages = [_message(file, folder) for file in folder.files()]
                self._answer(HTTPStatus.OK, {"messages": messages, "repeats": folder.repeats})
            case "/emails":
                folder = self.server.emails
                emails = [_email(file, folder) for file in folder.files()]
                self._answer(HTTPStatus.OK, {"emails": emails, "repeats": folder.repeats})
            case "/healthz":
                self._answer(HTTPStatus.OK, {})
            case "/faults":
                self._answer(HTTPStatus.OK, {sink: vars(self.server.faults.of(sink)) for sink in SINKS})
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "no such page")

    def do_PUT(self) -> None:
        if self.path != "/faults":
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")
            return
        try:
            self.server.faults.set_plain(self._body())
        except ValueError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        self._answer(HTTPStatus.OK, {})

    def do_POST(self) -> None:
        if self.path != "/messages":
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")
            return
        try:
            message = self._body()
        except ValueError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        fault = self.server.faults.of("sms")
        if fault.delay:
            self.server.never.wait(fault.delay)
        if fault.code:
            self._refuse(fault.code, "told to fail")
        elif wrong := _wrong(message):
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, wrong)
        else:
            self._take(message, fault)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: what arrives is in the folder."""

    def _take(self, message: dict[str, Any], fault: Fault) -> None:
        key = self.headers.get("Idempotency-Key", "") or uuid.uuid4().hex
        identity = uuid.uuid5(uuid.NAMESPACE_OID, key).hex
        kept = {"id": identity, "key": key, "time": datetime.now(UTC).isoformat(), **message}
        new = self.server.folder.keep(key, json.dumps(kept, ensure_ascii=False, indent=1).encode())
        if fault.lose_answer:
            self.close_connection = True
            return
        for _ in range(1 + fault.answer_twice):
            self._answer(HTTPStatus.ACCEPTED if new else HTTPStatus.OK, {"id": identity, "status": "accepted"})

    def _body(self) -> Any:
        size = int(self.headers.get("Content-Length", "0"))
        if size > MAX_BYTES:
            self.close_connection = True
            message = "too large"
            raise ValueError(message)
        return json.loads(self.rfile.read(size))

    def _refuse(self, status: int, text: str) -> None:
        self._answer(status, {"error": text})

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _message(file: Path, folder: MessageFolder) -> dict[str, Any]:
    """What is told of a short message: all of it, and how often it was sent again."""
    return {**json.loads(file.read_text(encoding="utf-8")), "repeats": folder.repeats_of(file)}


def _email(file: Path, folder: MessageFolder) -> dict[str, Any]:
    """What is told of an e-mail; its key is what its sender knows it by."""
    with file.open("rb") as content:
        headers = BytesHeaderParser(policy=default).parse(content)
    time = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return {
        "key": str(headers["Message-ID"]).strip("<>").partition("@")[0],
        "time": time.isoformat(),
        "to": str(headers["To"]),
        "subject": str(headers["Subject"]),
        "repeats": folder.repeats_of(file),
    }


def _wrong(message: Any) -> str:
    """Say what a real gateway would refuse; empty when nothing."""
    if not isinstance(message, dict) or not E164.fullmatch(str(message.get("to", ""))):
        return "`to` must be a number in E.164"
    if not isinstance(message.get("text"), str) or not message["text"]:
        return "`text` must not be empty"
    return ""
