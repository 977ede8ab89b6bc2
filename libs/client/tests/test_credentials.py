"""Tokens from a real OAuth 2 token endpoint over HTTP."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from motcua_client import ClientCredentials
from motcua_client.credentials import CredentialsError


class TokenEndpoint(ThreadingHTTPServer):
    """Gives numbered tokens to the client `partner`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.issued = 0
        self.life = 300
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: TokenEndpoint

    def do_GET(self) -> None:
        self._answer(200, {"token_endpoint": f"{self.server.url}/token"})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        user = base64.b64decode(self.headers["authorization"].split()[1]).decode()
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


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    server = TokenEndpoint()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_token_is_kept_while_fresh(endpoint: TokenEndpoint) -> None:
    credentials = ClientCredentials(endpoint.url, "partner", "right")
    assert [credentials.token(), credentials.token()] == ["token-1", "token-1"]


def test_token_is_renewed_before_it_expires(endpoint: TokenEndpoint) -> None:
    endpoint.life = 0
    credentials = ClientCredentials(endpoint.url, "partner", "right")
    assert [credentials.token(), credentials.token()] == ["token-1", "token-2"]


def test_many_threads_ask_once(endpoint: TokenEndpoint) -> None:
    credentials = ClientCredentials(endpoint.url, "partner", "right")
    threads = [threading.Thread(target=credentials.token) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert endpoint.issued == 1


def test_refused_client_is_told_why(endpoint: TokenEndpoint) -> None:
    with pytest.raises(CredentialsError, match=r"partner.*401.*invalid_client"):
        ClientCredentials(endpoint.url, "partner", "wrong").token()


def test_secret_is_not_shown() -> None:
    assert "right" not in repr(ClientCredentials("http://issuer", "partner", "right"))
