"""Who the caller is: something that yields a valid access token for each call."""

import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import requests

from motcua_client.trust import http_session

HTTP_SECONDS = 10.0
LIFE_USED = 0.8
"""A token is renewed when this share of its life is over, so that it never expires on the way."""

RETRY_SECONDS = 1.0
"""Between two attempts to renew a token that is still valid."""


class Credentials(Protocol):
    """Yields the access token to send with a call."""

    def token(self) -> str:
        """A token that is valid now.

        Raises:
            CredentialsError: none could be had.
        """
        ...


class CredentialsError(Exception):
    """The identity service gave no token; the text says why."""


class IssuerAway(CredentialsError):
    """The identity service does not answer at the moment."""


@dataclass(frozen=True)
class StaticToken:
    """One token, given by whoever signed the person in; it is never renewed."""

    value: str = field(repr=False)

    def token(self) -> str:
        """The token."""
        return self.value


@dataclass
class ClientCredentials:
    """A system that calls as itself (OAuth 2.0 client credentials, RFC 6749 §4.4).

    The token is kept and renewed early; one object serves many threads.

    Attributes:
        issuer: URL of the identity service; its discovery document names the token endpoint.
        client_id: name under which the system is registered.
        client_secret: its secret.
        scope: what is asked for, separated by blanks; empty for the client's default.
        token_url: token endpoint, where it is not to be discovered.
        ca_file: PEM of authorities that are trusted besides the public ones.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    token_url: str = ""
    ca_file: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _token: str = field(default="", init=False, repr=False)
    _renew_at: float = field(default=0.0, init=False, repr=False)
    _expires_at: float = field(default=0.0, init=False, repr=False)

    def token(self) -> str:
        """A token that is valid now; with a fifth of its life left or more unless the identity service is away.

        Raises:
            CredentialsError: there is none left, and the identity service is down or refused the client.
        """
        with self._lock:
            if time.monotonic() >= self._renew_at:
                try:
                    self._renew()
                except CredentialsError:
                    again_at = time.monotonic() + RETRY_SECONDS
                    if again_at >= self._expires_at:
                        raise
                    self._renew_at = again_at
            return self._token

    def _renew(self) -> None:
        asked_at = time.monotonic()
        try:
            with http_session(self.ca_file) as session:
                self.token_url = self.token_url or self._discover(session)
                answer = session.post(
                    self.token_url,
                    data={"grant_type": "client_credentials", **({"scope": self.scope} if self.scope else {})},
                    auth=(self.client_id, self.client_secret),
                    timeout=HTTP_SECONDS,
                )
        except OSError as error:  # a RequestException is one too
            raise IssuerAway(f"no answer from {self.token_url or self.issuer}: {error}") from error
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise IssuerAway(f"{self.token_url} answers {answer.status_code}")
        if not answer.ok:
            raise CredentialsError(
                f"{self.token_url} refused client {self.client_id}: {answer.status_code} {answer.text}"
            )
        body = answer.json()
        self._token = body["access_token"]
        self._renew_at = asked_at + LIFE_USED * float(body["expires_in"])
        self._expires_at = asked_at + float(body["expires_in"])

    def _discover(self, session: requests.Session) -> str:
        answer = session.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration", timeout=HTTP_SECONDS)
        answer.raise_for_status()
        return str(answer.json()["token_endpoint"])
