"""Mutual TLS with real servers and certificates, and their renewal while programs run."""

import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest

from motcua_client import Client, Tls, TlsError, Unavailable, connect
from motcua_kit.testing import Authority


class Server(grpc.GenericRpcHandler):
    """Answers each call with the caller's common name; a call of `Wait` waits to be released."""

    def __init__(self, tls: Tls) -> None:
        self.entered, self.release = threading.Event(), threading.Event()
        self._server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[self])
        pem = tls.read()
        assert pem.key is not None
        assert pem.certificate is not None
        security = grpc.ssl_server_credentials(
            [(pem.key, pem.certificate)], root_certificates=pem.ca, require_client_auth=True
        )
        self.address = f"127.0.0.1:{self._server.add_secure_port('127.0.0.1:0', security)}"
        self._server.start()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        def answer(_: bytes, context: Any) -> Any:
            if handler_call_details.method.endswith("Wait"):
                self.entered.set()
                assert self.release.wait(10)
            return context.auth_context()["x509_common_name"][0]

        return grpc.unary_unary_rpc_method_handler(answer)

    def stop(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture(autouse=True)
def refusals_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused handshake is UNAVAILABLE, which is tried again for seconds; that is tested elsewhere."""
    monkeypatch.setattr("motcua_client.channel.OPTIONS", [("grpc.enable_retries", 0)])


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(authority: Authority, tmp_path: Path) -> Iterator[Server]:
    running = Server(authority.issue(tmp_path / "server"))
    yield running
    running.stop()


def open_to(server: Server, tls: Tls | None) -> Client:
    return connect(server.address, tls=tls, wait_for_ready=False)


def caller_seen(client: Client) -> str:
    name: Any = client.channel.unary_unary("/test.v1.Names/Name")
    return str(name(b"").decode())


def test_both_sides_show_their_certificate(server: Server, authority: Authority, tmp_path: Path) -> None:
    with open_to(server, authority.issue(tmp_path / "permits", "permits")) as client:
        assert caller_seen(client) == "permits"


def test_a_caller_without_the_right_certificate_is_refused(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    ours = authority.issue(tmp_path / "ours")
    theirs = Authority().issue(tmp_path / "theirs")
    for tls in (None, Tls(ca=ours.ca), Tls(ca=ours.ca, certificate=theirs.certificate, key=theirs.key)):
        with open_to(server, tls) as client, pytest.raises(Unavailable):
            caller_seen(client)


def test_a_server_of_another_authority_is_not_trusted(server: Server, tmp_path: Path) -> None:
    stranger = Authority().issue(tmp_path / "stranger")
    with open_to(server, stranger) as client, pytest.raises(Unavailable, match=r"(?i)certificate"):
        caller_seen(client)


def test_a_renewed_certificate_is_used_and_calls_under_way_end_well(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    with open_to(server, authority.issue(tmp_path / "own", "first")) as client:
        name: Any = client.channel.unary_unary("/test.v1.Names/Name")
        wait: Any = client.channel.unary_unary("/test.v1.Names/Wait")
        assert name(b"") == b"first"
        with futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(wait, b"")
            assert server.entered.wait(10)
            authority.issue(tmp_path / "own", "second")
            assert name(b"") == b"second", "the stub that was made before uses it too"
            server.release.set()
            assert waiting.result() == b"first"


def test_files_that_do_not_fit_together_are_not_taken(
    server: Server, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = authority.issue(tmp_path / "own", "first")
    assert own.key is not None
    with open_to(server, own) as client:
        fitting = own.key.read_bytes()
        other = authority.issue(tmp_path / "other").key
        assert other is not None
        own.key.write_bytes(other.read_bytes())
        assert caller_seen(client) == "first"
        assert caller_seen(client) == "first"
        assert [str(own.key) in record.getMessage() for record in caplog.records] == [True], "said once"
        own.key.unlink()
        assert caller_seen(client) == "first"
        own.key.write_bytes(fitting)
        authority.issue(tmp_path / "own", "second")
        assert caller_seen(client) == "second"


def test_certificates_that_cannot_be_used_are_told_at_once(authority: Authority, tmp_path: Path) -> None:
    own = authority.issue(tmp_path / "own")
    other = authority.issue(tmp_path / "other")
    with pytest.raises(TlsError, match=r"own.tls\.crt.*key values mismatch"):
        connect("127.0.0.1:1", tls=Tls(own.ca, own.certificate, other.key))
    with pytest.raises(TlsError, match=r"missing\.crt"):
        connect("127.0.0.1:1", tls=Tls(ca=tmp_path / "missing.crt"))
    with pytest.raises(ValueError, match="needs its key"):
        Tls(certificate=own.certificate)


def test_a_closed_channel_refuses_calls(server: Server, authority: Authority, tmp_path: Path) -> None:
    client = open_to(server, authority.issue(tmp_path / "own"))
    client.close()
    client.close()
    with pytest.raises(ValueError, match="closed"):
        caller_seen(client)
