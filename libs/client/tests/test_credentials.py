"""Tokens from a real OAuth 2 token endpoint over HTTP."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from motcua_client import ClientCredentials, attempts
from motcua_client.credentials import CredentialsError, IssuerAway
from motcua_kit.testing import Authority


class TokenEndpoint(ThreadingHTTPServer):
    """Gives numbered tokens to the client `partner`."""

    def __init__(self, security: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.issued = 0
        self.away = 0  # so many requests for tokens get no answer that helps
        self.life = 300
        self.url = f"http{'s' if security else ''}://127.0.0.1:{self.server_port}"
        if security:
            self.socket = security.wrap_socket(self.socket, server_side=True)


class Handler(BaseHTTPRequestHandler):
    server: TokenEndpoint

    def do_GET(self) -> None:
        self._answer(200, {"token_endpoint": f"{self.server.url}/token"})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        user = base64.b64decode(self.headers["authorization"].split()[1]).decode()
        if self.server.away:
            self.server.away -= 1
            self._answer(503, {})
            return
        if user != "partner:right" or form["grant_type"] != ["client_credentials"]:
            self._answer(401, {"error": "invalid_client"})
            return
        self.server.issued += 1
        self._answer(200, {"access_token": f"token-{self.server.issued}", "expires_in": self.server.life})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


@contextmanager
def running(server: TokenEndpoint) -> Iterator[TokenEndpoint]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with running(TokenEndpoint()) as server:
        yield server


def test_token_is_kept_while_fresh(endpoint: TokenEndpoint) -> None:
    credentials = ClientCredentials(endpoint.url, "partner", "right")
    assert [credentials.token(), credentials.token()] == ["token-1", "token-1"]


def test_token_is_renewed_before_it_expires(endpoint: TokenEndpoint) -> None:
    endpoint.life = 0
    credentials = ClientCredentials(endpoint.url, "partner", "right")
    assert [credentials.token(), credentials.token()] == ["token-1", "token-2"]


def test_a_token_lasts_while_it_cannot_be_renewed(endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motcua_client.credentials.LIFE_USED", 0.0)
    credentials = ClientCredentials(endpoint.url, "partner", "right")
    assert credentials.token() == "token-1"
    credentials.client_secret = "wrong"
    assert credentials.token() == "token-1"
    endpoint.life = 0
    short = ClientCredentials(endpoint.url, "partner", "right")
    assert short.token() == "token-2"
    short.client_secret = "wrong"
    with pytest.raises(CredentialsError):
        short.token()


def test_many_threads_ask_once(endpoint: TokenEndpoint) -> None:
    credentials = ClientCredentials(endpoint.url, "partner", "right")
    threads = [threading.Thread(target=credentials.token) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert endpoint.issued == 1


def test_an_issuer_that_is_away_for_a_moment_can_be_waited_for(endpoint: TokenEndpoint) -> None:
    endpoint.away = 2
    credentials = ClientCredentials(endpoint.url, "partner", "right")
    for attempt in attempts(30):
        with attempt:
            token = credentials.token()
    assert (token, endpoint.away) == ("token-1", 0)


def test_an_issuer_that_stays_away_is_told_of() -> None:
    with pytest.raises(IssuerAway, match="no answer from"):
        ClientCredentials("http://127.0.0.1:9", "partner", "right").token()


def test_refused_client_is_told_why(endpoint: TokenEndpoint) -> None:
    with pytest.raises(CredentialsError, match=r"partner.*401.*invalid_client"):
        ClientCredentials(endpoint.url, "partner", "wrong").token()


def test_secret_is_not_shown() -> None:
    assert "right" not in repr(ClientCredentials("http://issuer", "partner", "right"))


@pytest.fixture
def secure_endpoint(tmp_path: Path) -> Iterator[tuple[TokenEndpoint, Path]]:
    """A token endpoint over HTTPS, and its authority."""
    files = Authority().issue(tmp_path / "identity")
    assert files.ca is not None
    assert files.certificate is not None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    with running(TokenEndpoint(context)) as server:
        yield server, files.ca


def test_a_given_endpoint_is_asked_and_its_authority_trusted(secure_endpoint: tuple[TokenEndpoint, Path]) -> None:
    server, authority = secure_endpoint
    credentials = ClientCredentials(
        "https://id.example.vn", "partner", "right", token_url=f"{server.url}/token", ca_file=authority
    )
    assert credentials.token() == "token-1"
    assert ClientCredentials(server.url, "partner", "right", ca_file=authority).token() == "token-2"


def test_an_endpoint_of_another_authority_is_not_trusted(
    secure_endpoint: tuple[TokenEndpoint, Path], tmp_path: Path
) -> None:
    server, _ = secure_endpoint
    other = Authority().issue(tmp_path / "other").ca
    for ca_file in (None, other, tmp_path / "missing"):
        with pytest.raises(CredentialsError, match=r"no answer from https://127\.0\.0\.1"):
            ClientCredentials(server.url, "partner", "right", ca_file=ca_file).token()


def test_authorities_of_the_environment_are_trusted_besides(
    secure_endpoint: tuple[TokenEndpoint, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, authority = secure_endpoint
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
    other = Authority().issue(tmp_path / "other").ca
    assert ClientCredentials(server.url, "partner", "right", ca_file=other).token() == "token-1"
