"""Mutual TLS between services, its renewal, and HTTPS to the issuer."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from motcua_client import NotFound, StaticToken, Tls, Unavailable, connect, wait_for
from motcua_kit.domain import DependencyDown
from motcua_kit.testing import Authority, Issuer, citizen
from motcua_kit.tokens import TokenVerifier

AN = citizen("accounts/an")
Call = Callable[[Tls | None], None]


@pytest.fixture(autouse=True)
def refusals_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused handshake is UNAVAILABLE, which is tried again for seconds."""
    monkeypatch.setattr("motcua_client.channel.OPTIONS", [("grpc.enable_retries", 0)])


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def own(authority: Authority, tmp_path: Path) -> Tls:
    """Files of the server."""
    return authority.issue(tmp_path / "own")


@pytest.fixture
def things(start: Callable[..., Any], own: Tls) -> Any:
    return start(
        tls_ca_file=own.ca, tls_certificate_file=own.certificate, tls_key_file=own.key, grpc_max_connection_age=1
    )


@pytest.fixture
def call(things: Any, issuer: Issuer) -> Call:
    """Calls over a connection of its own; all is well when the answer is the service's."""
    stub = type(things.as_(AN))

    def run(tls: Tls | None) -> None:
        token = StaticToken(issuer.token(AN))
        with (
            connect(things.running.address, token, tls=tls, wait_for_ready=False) as client,
            pytest.raises(NotFound),
        ):
            client.stub(stub).GetThing(things.request("GetThing", name="things/1"))

    return run


def test_callers_of_the_same_authority_only(call: Call, authority: Authority, own: Tls, tmp_path: Path) -> None:
    call(authority.issue(tmp_path / "permits"))
    stranger = Authority().issue(tmp_path / "stranger")
    for tls in (None, Tls(ca=own.ca), Tls(own.ca, stranger.certificate, stranger.key), stranger):
        with pytest.raises(Unavailable):
            call(tls)


def test_a_renewed_certificate_and_authority_count_without_a_restart(call: Call, own: Tls, tmp_path: Path) -> None:
    assert own.ca is not None
    old = Tls(tmp_path / "ca-before.crt", own.certificate, own.key)
    assert old.ca is not None
    old.ca.write_bytes(own.ca.read_bytes())
    call(old)
    successor = Authority("Next authority")
    successor.issue(tmp_path / "own")
    call(successor.issue(tmp_path / "permits"))
    with pytest.raises(Unavailable):
        call(Authority().issue(tmp_path / "stranger"))


def test_a_channel_goes_on_when_both_sides_get_new_certificates(things: Any, issuer: Issuer, tmp_path: Path) -> None:
    """The server ends connections as old as its setting says; from then on the new certificates count."""
    callers = tmp_path / "permits"
    authorities = [Authority(f"Authority {number}") for number in range(2)]
    authorities[0].issue(tmp_path / "own")
    token = StaticToken(issuer.token(AN))
    with connect(things.running.address, token, tls=authorities[0].issue(callers), wait_for_ready=False) as client:
        stub = client.stub(type(things.as_(AN)))

        def answered(_: object = None) -> bool:
            try:
                stub.GetThing(things.request("GetThing", name="things/1"))
            except NotFound:
                return True
            except Unavailable:
                return False
            raise AssertionError

        assert answered()
        authorities[1].issue(tmp_path / "own")
        wait_for(answered, lambda well: not well, 30, "the end of the old connection: the server has a new authority")
        authorities[1].issue(callers)
        assert answered()


@pytest.fixture
def key_set_over_https(issuer: Issuer, own: Tls, tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "jwks.json").write_text(json.dumps(issuer.key_set()))
    assert own.certificate is not None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.certificate, own.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}/jwks.json"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_keys_come_from_an_issuer_that_the_services_authority_vouches_for(
    key_set_over_https: str, issuer: Issuer, own: Tls, tmp_path: Path
) -> None:
    url = "https://identity.test"
    token = issuer.token(AN)
    assert TokenVerifier.of(url, key_set_over_https, own.ca).verify(token) == AN
    for ca_file in (None, Authority().issue(tmp_path / "stranger").ca):
        with pytest.raises(DependencyDown):
            TokenVerifier.of(url, key_set_over_https, ca_file).verify(token)
