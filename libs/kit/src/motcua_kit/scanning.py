"""Malware scanning of uploads."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from motcua_kit.domain import DependencyDown

# Written in two pieces, or virus scanners would take this file away.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The harmless file that every scanner reports, made by EICAR to test them."""

_LENGTH = struct.Struct("!L")
_END = _LENGTH.pack(0)
_LONGEST_REPLY = 4096


@dataclass(frozen=True)
class Verdict:
    """What a scanner found.

    Attributes:
        signature: name of the malware; empty when nothing was found.
    """

    signature: str = ""

    @property
    def clean(self) -> bool:
        """Nothing was found."""
        return not self.signature


class ScanRefused(Exception):
    """The scanner is there but will not scan this: most often its size limit lies below that of uploads."""


class Scanner(Protocol):
    """Looks for malware."""

    def scan(self, chunks: Iterable[bytes]) -> Verdict:
        """Read a file chunk by chunk and say what is in it.

        Raises:
            DependencyDown: the scanner does not answer.
            ScanRefused: the scanner answers that it cannot scan this file.
        """


class LocalScanner:
    """For one machine: knows the EICAR test file and no other malware."""

    def scan(self, chunks: Iterable[bytes]) -> Verdict:
        """See `Scanner.scan`."""
        tail = b""
        for chunk in chunks:
            window = tail + chunk
            if EICAR in window:
                return Verdict("Eicar-Test-Signature")
            tail = window[-(len(EICAR) - 1) :]
        return Verdict()


class ClamdScanner:
    """Scans with a ClamAV daemon over TCP by the command INSTREAM.

    Args:
        host: of clamd.
        port: of clamd, 3310 by its default.
        timeout: seconds for connecting and for each read or write.
    """

    def __init__(self, host: str, port: int = 3310, *, timeout: float = 60.0) -> None:
        self._address = (host, port)
        self._timeout = timeout

    def scan(self, chunks: Iterable[bytes]) -> Verdict:
        """See `Scanner.scan`."""
        with _told_as_down():
            connection = socket.create_connection(self._address, self._timeout)
        with connection:
            # clamd answers and hangs up in the middle of a stream that passes its limit; the reply says so.
            listening = _send(connection, b"zINSTREAM\0")
            for chunk in chunks:
                # An empty chunk would end the stream.
                if chunk and listening:
                    listening = _send(connection, _LENGTH.pack(len(chunk)) + chunk)
            if listening:
                _send(connection, _END)
            return _verdict(_reply(connection))


@contextmanager
def _told_as_down() -> Iterator[None]:
    # Only around the socket: an error while the file is read is not the scanner's.
    try:
        yield
    except OSError as error:
        raise DependencyDown("DEPENDENCY_DOWN", f"the malware scanner does not answer: {error}") from error


def _send(connection: socket.socket, data: bytes) -> bool:
    with _told_as_down():
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
    return True


def _reply(connection: socket.socket) -> str:
    received = b""
    with _told_as_down():
        while not received.endswith(b"\0") and len(received) < _LONGEST_REPLY:
            part = connection.recv(_LONGEST_REPLY)
            if not part:
                raise ConnectionError("it hung up without a reply")
            received += part
    return received.rstrip(b"\0").decode("utf-8", errors="replace")


def _verdict(reply: str) -> Verdict:
    found = reply.removeprefix("stream: ")
    if found == "OK":
        return Verdict()
    if found.endswith(" FOUND"):
        return Verdict(found.removesuffix(" FOUND"))
    raise ScanRefused(reply)
