"""Malware scanning: the local scanner, and the clamd protocol over a real socket."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.domain import DependencyDown
from motcua_kit.scanning import EICAR, ClamdScanner, LocalScanner, ScanRefused, Verdict


class Clamd:
    """Speaks the part of clamd's protocol that we use, as its manual describes it; keeps what it was sent."""

    def __init__(self, *, limit: int = 1 << 20, hang_up: bool = False) -> None:
        self.limit = limit
        self.hang_up = hang_up
        self.received: list[bytes] = []

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            command = b""
            while not command.endswith(b"\0"):
                command += stream.read(1)
            if not self.hang_up and (answer := self.answer(command, stream)):
                connection.sendall(answer + b"\0")

    def answer(self, command: bytes, stream: BinaryIO) -> bytes:
        assert command == b"zINSTREAM\0"
        content = b""
        while header := stream.read(4):
            if not (length := struct.unpack("!L", header)[0]):
                break
            content += stream.read(length)
            if len(content) > self.limit:
                return b"INSTREAM size limit exceeded. ERROR"
        else:
            return b""  # the client went away
        self.received.append(content)
        return b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"


@contextmanager
def running(clamd: Clamd) -> Iterator[ClamdScanner]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def loop() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                clamd.serve(connection)

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            yield ClamdScanner("127.0.0.1", server.getsockname()[1], timeout=10)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def test_eicar_is_the_file_that_eicar_defines() -> None:
    assert len(EICAR) == 68
    assert EICAR.startswith(b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR")


@given(before=st.binary(max_size=200), after=st.binary(max_size=200), size=st.integers(1, 300))
def test_the_local_scanner_finds_eicar_wherever_chunks_end(before: bytes, after: bytes, size: int) -> None:
    content = before + EICAR + after
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    assert LocalScanner().scan(chunks) == Verdict("Eicar-Test-Signature")


@given(content=st.binary(max_size=500))
def test_the_local_scanner_finds_nothing_else(content: bytes) -> None:
    assert LocalScanner().scan([content]).clean
    assert LocalScanner().scan([]).clean


def test_clamd_gets_every_byte_and_is_believed() -> None:
    clamd = Clamd()
    chunks = [b"a" * 70_000, b"", b"b"]
    with running(clamd) as scanner:
        assert scanner.scan(chunks) == Verdict()
        assert scanner.scan([EICAR[:30], EICAR[30:]]) == Verdict("Eicar-Test-Signature")
    assert clamd.received == [b"".join(chunks), EICAR]


def test_a_file_over_clamds_limit_is_refused_and_not_called_clean() -> None:
    with running(Clamd(limit=10)) as scanner, pytest.raises(ScanRefused, match="size limit exceeded"):
        scanner.scan([b"x" * 1000])


def test_a_scanner_that_hangs_up_is_down() -> None:
    with running(Clamd(hang_up=True)) as scanner, pytest.raises(DependencyDown):
        scanner.scan([b"x"])


def test_a_scanner_that_is_not_there_is_down() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        scanner = ClamdScanner("127.0.0.1", taken.getsockname()[1], timeout=1)
        with pytest.raises(DependencyDown):
            scanner.scan([b"x"])


def test_an_error_while_reading_the_file_is_not_blamed_on_the_scanner() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise FileNotFoundError("gone")

    with running(Clamd()) as scanner, pytest.raises(FileNotFoundError):
        scanner.scan(broken())
