"""What OpenID Connect needs to remember: clients, sessions, codes and refresh tokens.

Secrets, codes and tokens are kept as hashes only: who reads the database cannot use them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from motcua_identity.domain.account import AssuranceLevel

ACCESS_TOKEN_LIFETIME = timedelta(minutes=5)
CODE_LIFETIME = timedelta(minutes=1)
SIGN_IN_LIFETIME = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(hours=8)
FAMILY_LIFETIME = timedelta(hours=12)


class ClientKind(StrEnum):
    """How a client proves itself: not at all, with a secret for people's sign-in, or with a secret for itself."""

    PUBLIC = "public"
    CONFIDENTIAL = "confidential"
    SERVICE = "service"


class People(StrEnum):
    """Whom a client signs in."""

    CITIZENS = "citizens"
    OFFICERS = "officers"


@dataclass(frozen=True, slots=True)
class OidcClient:
    """A program that asks for tokens.

    Attributes:
        id: client id; for a service the name of the service.
        kind: how it proves itself.
        display_name: shown to people who sign in.
        people: whom it signs in; None for services.
        redirect_uris: where answers may go; compared character by character.
        post_logout_redirect_uris: the same after signing out.
        secret_hash: of the client secret; empty for public clients.
        previous_secret_hash: of the secret before it, which is taken as well while a rotation lasts; else empty.
        least_level: e-ID assurance that its citizens need.
    """

    id: str
    kind: ClientKind
    display_name: str
    people: People | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    secret_hash: str = ""
    previous_secret_hash: str = ""
    least_level: AssuranceLevel = AssuranceLevel.ONE

    def knows_secret(self, secret: str) -> bool:
        """Tell whether this is a secret of the client, in constant time."""
        present = hmac.compare_digest(self.secret_hash, digest(secret))
        previous = hmac.compare_digest(self.previous_secret_hash, digest(secret))
        return present or previous


@dataclass(frozen=True, slots=True)
class Authentication:
    """How and when somebody proved who they are.

    Attributes:
        subject: `accounts/…` or `officers/…`.
        level: assurance; a password with a one-time code counts as two.
        methods: RFC 8176 method references.
        time: when.
    """

    subject: str
    level: AssuranceLevel
    methods: tuple[str, ...]
    time: datetime

    @property
    def acr(self) -> str:
        """Name of the level in tokens."""
        return f"LoA{self.level.value}"


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that has started and not ended. Bound to one browser by a cookie whose hash is the id.

    Attributes:
        id: hash of the cookie.
        client_id: for whom.
        query: query string of the authorization request, to go on with afterwards.
        least_level: assurance that the client needs.
        csrf_token: what the form must carry.
        state: what the e-ID must send back.
        nonce: what the e-ID must put into its token.
        code_verifier: PKCE secret towards the e-ID.
        expire_time: when it is too late.
    """

    id: str
    client_id: str
    query: str
    least_level: AssuranceLevel
    csrf_token: str
    state: str
    nonce: str
    code_verifier: str
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A browser in which somebody is signed in. The id is the hash of the cookie."""

    id: str
    authentication: Authentication
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A code on its way through the browser. Good once.

    Attributes:
        id: hash of the code.
        client_id: to whom it was issued.
        redirect_uri: where it was sent.
        scope: what was asked for.
        nonce: of the client.
        code_challenge: S256.
        authentication: who signed in.
        session_id: in which session.
        family_id: of the refresh tokens that will come from it.
        expire_time: when it is too late.
    """

    id: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    authentication: Authentication
    session_id: str
    family_id: str
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class TokenFamily:
    """All refresh tokens that come from one sign-in. One is valid at a time; another one is a replay.

    Attributes:
        id: part of every token of the family.
        client_id: to whom they are issued.
        scope: what was granted.
        authentication: who signed in.
        session_id: in which session.
        current: hash of the valid token.
        expire_time: when the last one ends.
        revoked: whether none is valid any more.
    """

    id: str
    client_id: str
    scope: str
    authentication: Authentication
    session_id: str
    current: str
    expire_time: datetime
    revoked: bool = False


def digest(secret: str) -> str:
    """Return the hash under which a secret with much entropy is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()
