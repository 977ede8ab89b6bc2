"""Malformed and slow HTTP on raw sockets, against the pages of the services as production starts them: by gunicorn.

What good HTTP with hostile content does is tried by `tests/hostile/test_fuzz.py`, without gunicorn between.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from motcua_client import wait_for
from motcua_devstack import ports
from motcua_devstack.embedded import EmbeddedServers
from motcua_ops.naming import WITH_HTTP

REPOSITORY = Path(__file__).resolve().parents[2]
THREADS = 2
REQUEST_SECONDS = 1
PATIENCE = 20.0
GOOD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.MULTILINE)
NOT_IMPLEMENTED = 501
FORMS = {"identity": b"/token", "permits": b"/verify"}
"""A path of each service that somebody may send a body to."""

SECRET = "of-this-test-0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Pages:
    """The HTTP end of a service: its process, and where it listens."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    form: bytes

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def ask(self, sent: bytes) -> bytes:
        """Send bytes and return what comes back until the server hangs up; a reset is as good as an answer."""
        received = b""
        with self.connect() as connection, suppress(ConnectionError):
            connection.sendall(sent)
            with suppress(OSError):  # the server may have hung up already
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        return received

    def works(self) -> bool:
        return b"\r\n\r\nok\n" in self.ask(GOOD)

    def complaints(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if "Traceback" in line or '"level": "error"' in line]


@pytest.fixture(scope="module", params=WITH_HTTP)
def pages(
    request: pytest.FixtureRequest, servers: EmbeddedServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pages]:
    service, folder = request.param, tmp_path_factory.mktemp("http")
    port = ports.allocate([f"http-{service}"])[f"http-{service}"]
    environment = {
        "PATH": os.environ["PATH"],
        "PROFILE": "local",
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": f"test_{uuid.uuid4().hex[:16]}",
        "OBJECT_STORE_URL": servers.object_store.url,
        "OBJECT_STORE_ACCESS_KEY": servers.object_store.access_key,
        "OBJECT_STORE_SECRET_KEY": servers.object_store.secret_key,
        "OBJECT_STORE_BUCKET": f"tests-{uuid.uuid4().hex[:16]}",
        "HTTP_BIND": f"127.0.0.1:{port}",
        "HTTP_THREADS": str(THREADS),
        "HTTP_REQUEST_TIMEOUT": str(REQUEST_SECONDS),
        "ISSUER": "http://localhost:1",
        "EID_ISSUER": "http://localhost:1",
        "EID_CLIENT_ID": "motcua",
        "EID_CLIENT_SECRET": SECRET,
        "SEALING_KEY": SECRET,
        "PAGE_TOKEN_KEY": SECRET,
        "CITY_DIR": str(REPOSITORY / "city"),
        "TOPOLOGY_FILE": str(REPOSITORY / "telemetry" / "topology.yaml"),
    }
    command = [sys.executable, "-m", f"motcua_{service}"]
    subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True)  # noqa: S603
    log = folder / "http.log"
    with log.open("wb") as out:
        process = subprocess.Popen([*command, "http"], env=environment, stdout=out, stderr=out)  # noqa: S603
    pages = Pages(process, port, log, FORMS[service])
    try:
        wait_for(log.read_text, lambda text: "Booting worker" in text, 60)
        assert pages.works()
        yield pages
    finally:
        process.kill()
        process.wait()


def get(*headers: bytes, line: bytes = b"GET /healthz HTTP/1.1") -> bytes:
    return b"\r\n".join([line, b"Host: localhost", *headers, b"", b""])


def post(*headers: bytes, body: bytes = b"") -> bytes:
    kind = b"Content-Type: application/x-www-form-urlencoded"
    return b"\r\n".join([b"POST %FORM% HTTP/1.1", b"Host: localhost", kind, *headers, b"", b""]) + body


CHUNKED = b"Transfer-Encoding: chunked"
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

MALFORMED = {
    "nothing": b"",
    "one byte": b"G",
    "empty lines": b"\r\n" * 10_000,
    "zeros": bytes(100_000),
    "noise": bytes(range(256)) * 100,
    "tls": bytes.fromhex("16030100c8010000c40303") + bytes(200),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
    "http/0.9": b"GET /healthz\r\n\r\n",
    "no version": b"GET /healthz HTTP\r\n\r\n",
    "version of the future": get(line=b"GET /healthz HTTP/9.9"),
    "version of words": get(line=b"GET /healthz HTTP/one.one"),
    "line of a megabyte": get(line=b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1"),
    "line without end": b"GET /" + b"a" * 1_000_000,
    "query of a megabyte": get(line=b"GET /healthz?" + b"a=b&" * 250_000 + b" HTTP/1.1"),
    "method of a megabyte": get(line=b"A" * 1_000_000 + b" / HTTP/1.1"),
    "method of signs": get(line=b"G\x00T / HTTP/1.1"),
    "method with a space before": get(line=b" GET / HTTP/1.1"),
    "spaces between": get(line=b"GET   /healthz   HTTP/1.1"),
    "tabs between": get(line=b"GET\t/healthz\tHTTP/1.1"),
    "many headers": get(*[b"X-%d: a" % number for number in range(10_000)]),
    "header of a megabyte": get(b"X-Large: " + b"a" * 1_000_000),
    "header name of a megabyte": get(b"a" * 1_000_000 + b": x"),
    "header without colon": get(b"nonsense"),
    "header without name": get(b": x"),
    "space before the colon": get(b"Content-Length : 5"),
    "folded header": get(b"X-A: a\r\n b"),
    "nul in a name": get(b"X\0A: a"),
    "nul in a value": get(b"X-A: a\0b"),
    "carriage return in a value": get(b"X-A: a\rX-B: b"),
    "line feed in a value": get(b"X-A: a\nX-B: b"),
    "line feeds only": GOOD.replace(b"\r\n", b"\n"),
    "not ascii": get("X-Tên: Nguyễn".encode()),
    "underscore in a name": get(b"Content_Length: 5"),
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": get(b"Host: evil.example"),
    "host of another": b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "host that is a path": b"GET / HTTP/1.1\r\nHost: localhost/evil.example\r\n\r\n",
    "host of signs": b"GET / HTTP/1.1\r\nHost: <\"'>\r\n\r\n",
    "forwarded host": get(b"X-Forwarded-Host: evil.example", b"Forwarded: host=evil.example", line=b"GET / HTTP/1.1"),
    "absolute": get(line=b"GET http://evil.example/ HTTP/1.1"),
    "absolute of a file": get(line=b"GET file:///etc/passwd HTTP/1.1"),
    "absolute without end": get(line=b"GET http://[::1 HTTP/1.1"),
    "tunnel": get(line=b"CONNECT evil.example:443 HTTP/1.1"),
    "asterisk": get(line=b"OPTIONS * HTTP/1.1"),
    "path without slash": get(line=b"GET healthz HTTP/1.1"),
    "path that leads out": get(line=b"GET /../../etc/passwd HTTP/1.1"),
    "path with nul": get(line=b"GET /%00 HTTP/1.1"),
    "path that is not utf-8": get(line=b"GET /\xff%ff%c3 HTTP/1.1"),
    "path with a broken escape": get(line=b"GET /%zz%1 HTTP/1.1"),
    "header in a path": get(line=b"GET /%0d%0aSet-Cookie:%20evil=1 HTTP/1.1"),
    "header in a query": get(line=b"GET %FORM%?number=%0d%0aSet-Cookie:%20evil=1&code=%0d%0aX HTTP/1.1"),
    "length below zero": post(b"Content-Length: -5", body=b"a=b"),
    "length with a sign": post(b"Content-Length: +3", body=b"a=b"),
    "length of words": post(b"Content-Length: three", body=b"a=b"),
    "length in hexadecimal": post(b"Content-Length: 0x3", body=b"a=b"),
    "length of twenty digits": post(b"Content-Length: 99999999999999999999", body=b"a=b"),
    "length of a thousand digits": post(b"Content-Length: " + b"9" * 1000, body=b"a=b"),
    "length of a megabyte and less": post(b"Content-Length: 1000000", body=b"a=b"),
    "two lengths in one": post(b"Content-Length: 3, 3", body=b"a=b"),
    "no length": post(body=b"a=b"),
    "chunk of words": post(CHUNKED, body=b"three\r\na=b\r\n0\r\n\r\n"),
    "chunk below zero": post(CHUNKED, body=b"-3\r\na=b\r\n0\r\n\r\n"),
    "chunk with 0x": post(CHUNKED, body=b"0x3\r\na=b\r\n0\r\n\r\n"),
    "chunk too large": post(CHUNKED, body=b"ffffffffffffffff\r\na=b\r\n0\r\n\r\n"),
    "chunk larger than said": post(CHUNKED, body=b"1\r\na=b\r\n0\r\n\r\n"),
    "chunk smaller than said": post(CHUNKED, body=b"9\r\na=b\r\n0\r\n\r\n"),
    "chunk without end": post(CHUNKED, body=b"3\r\na=b\r\n"),
    "chunk size of a megabyte": post(CHUNKED, body=b"0" * 1_000_000 + b"3\r\na=b\r\n0\r\n\r\n"),
    "chunk with a long extension": post(CHUNKED, body=b"3;" + b"a" * 1_000_000 + b"\r\na=b\r\n0\r\n\r\n"),
    "trailers": post(CHUNKED, body=b"3\r\na=b\r\n0\r\n" + b"X-A: a\r\n" * 10_000 + b"\r\n"),
    "coding unknown": post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "coding twice": post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "expectation unknown": post(b"Expect: the unexpected", b"Content-Length: 3", body=b"a=b"),
    "body promised after 100": post(b"Expect: 100-continue", b"Content-Length: 1000"),
    "upgrade": get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ"),
    "proxy line": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + GOOD,
}

AMBIGUOUS = {
    "length and chunks": post(b"Content-Length: 3", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "chunks and length": post(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n" + SMUGGLED),
    "two lengths": post(b"Content-Length: 0", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
    "chunked by another name": post(b"Transfer-Encoding: xchunked", b"Content-Length: 0", body=SMUGGLED),
    "chunked with a tab": post(b"Transfer-Encoding:\tchunked", b"Content-Length: 5", body=b"0\r\n\r\n" + SMUGGLED),
    "chunked with a form feed": post(b"Transfer-Encoding: \x0bchunked", b"Content-Length: 0", body=SMUGGLED),
    "chunked, then identity": post(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n" + SMUGGLED),
    "chunked before 1.1": post(CHUNKED, body=b"0\r\n\r\n" + SMUGGLED).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
}
"""What one program reads as one request and another one as two."""


def judged(pages: Pages, answer: bytes) -> list[int]:
    """Hold an answer to what every answer must keep; return its status codes."""
    statuses = [int(status) for status in STATUS.findall(answer)]
    assert all(status < 500 or status == NOT_IMPLEMENTED for status in statuses), answer[:500]
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"set-cookie: evil" not in head
    assert b"location: http://evil.example" not in head
    assert b"traceback" not in answer.lower()
    assert pages.process.poll() is None
    return statuses


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_no_request(pages: Pages, what: str) -> None:
    judged(pages, pages.ask(MALFORMED[what].replace(b"%FORM%", pages.form)))
    assert pages.works()


@pytest.mark.parametrize("what", AMBIGUOUS)
def test_what_could_be_two_requests_is_one_or_none(pages: Pages, what: str) -> None:
    answer = pages.ask(AMBIGUOUS[what].replace(b"%FORM%", pages.form))
    assert len(judged(pages, answer)) <= 1
    assert b"\r\n\r\nok\n" not in answer
    assert pages.works()


def test_requests_in_one_packet_are_answered_in_turn(pages: Pages) -> None:
    answer = pages.ask(GOOD * 5 + GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert judged(pages, answer) == [200] * 6
    mixed = pages.ask(GOOD + MALFORMED["header without colon"] + GOOD)
    assert judged(pages, mixed) == [200, 400], "after nonsense nobody knows where the next one begins"


def test_nothing_was_worth_an_error_in_the_log(pages: Pages) -> None:
    assert pages.complaints() == []


SLOW = {
    "half a line": b"GET /heal",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: a",
    "no body": post(b"Content-Length: 1000", body=b"a"),
    "half a chunk": post(CHUNKED, body=b"1000\r\na"),
    "no answer to 100": post(b"Expect: 100-continue", b"Content-Length: 1000"),
}


def test_many_who_are_slow_keep_nobody_out(pages: Pages) -> None:
    """They are cut off in time, and somebody else is answered meanwhile."""
    with ExitStack() as open_ones:
        slow = []
        for sent in (*[b""] * 50, *SLOW.values()):
            slow.append(open_ones.enter_context(pages.connect()))
            slow[-1].sendall(sent.replace(b"%FORM%", pages.form))
        with pages.connect() as good:
            good.sendall(GOOD)
            assert good.recv(100).startswith(b"HTTP/1.1 200 ")
        for one in slow:
            with suppress(ConnectionResetError):
                while one.recv(65536):
                    pass


def test_one_who_drips(pages: Pages) -> None:
    """A byte now and then keeps a read alive for ever, but not a request."""
    with pages.connect() as connection:
        connection.settimeout(0.2)
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")

        def dripped() -> bool:
            try:
                connection.sendall(b"X")
                return connection.recv(100) == b""
            except TimeoutError:
                return False
            except (ConnectionResetError, BrokenPipeError):
                return True

        assert wait_for(dripped, bool, PATIENCE)
    assert pages.works()
