"""Codes and refresh tokens: each good once; a second use revokes all that came from the same sign-in."""

from __future__ import annotations

import secrets
import uuid

import structlog

from motcua_identity.application.ports import GrantStore, RealTime
from motcua_identity.domain.oidc import (
    CODE_LIFETIME,
    FAMILY_LIFETIME,
    Authentication,
    AuthorizationCode,
    TokenFamily,
    digest,
)

log = structlog.get_logger(__name__)


class Grants:
    """What a sign-in entitles a client to."""

    def __init__(self, store: GrantStore, now: RealTime) -> None:
        self._store = store
        self._now = now

    def issue_code(
        self,
        code: str,
        authentication: Authentication,
        session_id: str,
        *,
        client_id: str,
        redirect_uri: str,
        scope: str,
        nonce: str,
        code_challenge: str,
    ) -> None:
        """Remember a code that is about to go through the browser."""
        self._store.save_code(
            AuthorizationCode(
                id=digest(code),
                client_id=client_id,
                redirect_uri=redirect_uri,
                scope=scope,
                nonce=nonce,
                code_challenge=code_challenge,
                authentication=authentication,
                session_id=session_id,
                family_id=uuid.uuid4().hex,
                expire_time=self._now() + CODE_LIFETIME,
            )
        )

    def redeem_code(self, code: str, client_id: str) -> AuthorizationCode | None:
        """Return what a code stands for and use it up; None when it is not good.

        A code that comes a second time was seen by somebody else: the tokens from the first use are revoked
        (RFC 6749 §4.1.2).
        """
        known = self._store.code(digest(code))
        if known is None or known.client_id != client_id:
            return None
        if not self._store.use_code(known.id):
            log.warning("code_replayed", client=client_id)
            self._store.revoke(known.family_id)
            return None
        return known if known.expire_time > self._now() else None

    def open_family(self, code: AuthorizationCode, refresh_token: str) -> None:
        """Begin the family of refresh tokens that comes from a code."""
        self._store.save_family(
            TokenFamily(
                id=code.family_id,
                client_id=code.client_id,
                scope=code.scope,
                authentication=code.authentication,
                session_id=code.session_id,
                current=digest(refresh_token),
                expire_time=code.authentication.time + FAMILY_LIFETIME,
            )
        )

    @staticmethod
    def new_refresh_token(family_id: str) -> str:
        """Return a token that names its family."""
        return f"{family_id}.{secrets.token_urlsafe(32)}"

    def family_of(self, refresh_token: str) -> TokenFamily | None:
        """Return the family of a refresh token that is good; a token that was used before revokes the family."""
        family = self._store.family(refresh_token.partition(".")[0])
        if family is None or family.revoked or family.expire_time <= self._now():
            return None
        if family.current != digest(refresh_token):
            self._replayed(family)
            return None
        return family

    def rotate(self, family: TokenFamily, refresh_token: str) -> bool:
        """Replace the family's valid token; False when another request was faster, which counts as a replay."""
        if self._store.rotate(family.id, family.current, digest(refresh_token)):
            return True
        self._replayed(family)
        return False

    def revoke(self, family: TokenFamily) -> None:
        """Make every token of the family invalid."""
        self._store.revoke(family.id)

    def _replayed(self, family: TokenFamily) -> None:
        log.warning("refresh_token_replayed", client=family.client_id, subject=family.authentication.subject)
        self._store.revoke(family.id)
