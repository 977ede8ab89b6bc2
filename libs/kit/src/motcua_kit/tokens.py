"""Access tokens: verified offline against the issuer's cached key set."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from motcua_client import http_session
from motcua_kit.access import Caller, Post
from motcua_kit.domain import DependencyDown, NotAuthenticated

AUDIENCE = "motcua"
ALGORITHMS = ["ES256"]
KEY_SET_SECONDS = 300
MISS_SECONDS = 5
"""A token with an unknown key asks the issuer again, at most this often."""

LEEWAY_SECONDS = 30

MOST_REMEMBERED = 4096
"""Tokens that are remembered; when there are more, all are forgotten."""


@dataclass(frozen=True)
class _Verified:
    """What a token has proved: of all that was checked only the time can make it invalid again.

    Attributes:
        caller: whom it is for.
        until: when it expires, in seconds since 1970.
    """

    caller: Caller
    until: float


@dataclass(frozen=True)
class _Trust:
    """A key set, and what tokens of it have proved, by their hash: new keys begin with none."""

    keys: KeySet
    verified: dict[bytes, _Verified] = field(default_factory=dict)

    def verify(self, token: str, digest: bytes, rules: jwt.JWTClaimsRegistry) -> _Verified:
        """Return what a token proves that one of the keys has signed.

        Raises:
            JoseError: none has, or its claims are not what the rules want.
            ValueError: it is no token, or there is no such key.
        """
        claims: dict[str, Any] = jwt.decode(token, self.keys, algorithms=ALGORITHMS).claims
        rules.validate(claims)
        if len(self.verified) >= MOST_REMEMBERED:
            self.verified.clear()
        verified = self.verified[digest] = _Verified(_caller(claims), claims["exp"])
        return verified


class TokenVerifier:
    """Turns an access token into a caller.

    Args:
        issuer: the only issuer that is trusted.
        fetch: gets the issuer's key set as JSON.
    """

    def __init__(self, issuer: str, fetch: Callable[[], dict[str, Any]]) -> None:
        self._fetch = fetch
        self._trusted: _Trust | None = None
        self._fetched = 0.0
        self._lock = threading.Lock()
        self._rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )

    @classmethod
    def of(cls, issuer: str, jwks_url: str, ca_file: Path | None = None) -> TokenVerifier:
        """Return a verifier that gets the key set over HTTP.

        Args:
            issuer: the only issuer that is trusted.
            jwks_url: where its key set is.
            ca_file: PEM of authorities that are trusted besides the public ones.
        """

        def fetch() -> dict[str, Any]:
            with http_session(ca_file) as session:
                response = session.get(jwks_url, timeout=5)
            response.raise_for_status()
            keys: dict[str, Any] = response.json()
            return keys

        return cls(issuer, fetch)

    def verify(self, token: str) -> Caller:
        """Return who the token is for.

        Raises:
            NotAuthenticated: expired, foreign, tampered with, or of an algorithm that is not allowed.
            DependencyDown: the issuer has never told its keys, and does not answer.
        """
        try:
            verified = self._verified(token)
        except ExpiredTokenError as error:
            raise NotAuthenticated("TOKEN_EXPIRED", "the access token has expired") from error
        except (JoseError, ValueError, TypeError, KeyError) as error:  # the last two: parts of a strange type
            raise NotAuthenticated("TOKEN_INVALID", f"the access token is not valid: {error}") from error
        if verified.until <= time.time() - LEEWAY_SECONDS:
            raise NotAuthenticated("TOKEN_EXPIRED", "the access token has expired")
        return verified.caller

    def _verified(self, token: str) -> _Verified:
        trusted = self._trust(KEY_SET_SECONDS)
        digest = hashlib.sha256(token.encode()).digest()
        if verified := trusted.verified.get(digest):
            return verified
        try:
            return trusted.verify(token, digest, self._rules)
        except (InvalidKeyIdError, ValueError):
            return self._trust(MISS_SECONDS).verify(token, digest, self._rules)

    def _trust(self, max_age: float) -> _Trust:
        with self._lock:
            if self._trusted is None or time.monotonic() - self._fetched > max_age:
                self._fetched = time.monotonic()  # an issuer that is down is not asked at every call either
                try:
                    self._trusted = _Trust(KeySet.import_key_set(self._fetch()))  # type: ignore[arg-type]
                except OSError as error:  # all that requests raises is one too
                    if self._trusted is None:
                        raise DependencyDown("DEPENDENCY_DOWN", "the issuer's keys cannot be read") from error
            return self._trusted


def _caller(claims: dict[str, Any]) -> Caller:
    return Caller(
        name=claims["sub"],
        kind=claims.get("kind", ""),
        posts=tuple(Post(unit=post["unit"], role=post["role"]) for post in claims.get("posts", ())),
        assurance=int(claims.get("loa", 0)),
    )
