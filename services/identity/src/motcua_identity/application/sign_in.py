"""Signing people in: citizens at the e-ID, officers by password and one-time code."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import structlog

from motcua_identity.application.accounts import AccountApp
from motcua_identity.application.ports import (
    Attempts,
    Credentials,
    EidProvider,
    EidRequest,
    GrantStore,
    Passwords,
    RealTime,
    Sealer,
)
from motcua_identity.domain.account import AssuranceLevel
from motcua_identity.domain.oidc import (
    SESSION_LIFETIME,
    SIGN_IN_LIFETIME,
    Authentication,
    LoginSession,
    OidcClient,
    PendingSignIn,
    digest,
)
from motcua_kit.domain import NotAuthenticated

log = structlog.get_logger(__name__)

TOTP_STEP_SECONDS = 30
ONE_STEP = 1
"""Steps that a clock may be off in either direction."""


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in that has begun: what the browser keeps, and what the server keeps."""

    cookie: str
    sign_in: PendingSignIn


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in comes from.

    Attributes:
        address: network address of the browser.
        device: what `KnownDevices` knows the browser as; empty when the officer has not signed in there before.
    """

    address: str
    device: str = ""


class SignIns:
    """Sign-ins from their start to a login session."""

    def __init__(
        self,
        grants: GrantStore,
        accounts: AccountApp,
        eid: EidProvider,
        officer_check: OfficerCheck,
        now: RealTime,
    ) -> None:
        self._grants = grants
        self._accounts = accounts
        self._eid = eid
        self._officer_check = officer_check
        self._now = now

    def start(self, client: OidcClient, query: str, least_level: AssuranceLevel) -> Started:
        """Begin a sign-in for a client; `query` is the authorization request to go on with afterwards."""
        cookie = secrets.token_urlsafe(32)
        sign_in = PendingSignIn(
            id=digest(cookie),
            client_id=client.id,
            query=query,
            least_level=least_level,
            csrf_token=secrets.token_urlsafe(32),
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            expire_time=self._now() + SIGN_IN_LIFETIME,
        )
        self._grants.save_sign_in(sign_in)
        return Started(cookie, sign_in)

    def pending(self, cookie: str) -> PendingSignIn:
        """Return the sign-in that a browser has begun.

        Raises:
            NotAuthenticated: `SIGN_IN_EXPIRED`.
        """
        sign_in = self._grants.sign_in(digest(cookie)) if cookie else None
        if sign_in is None or sign_in.expire_time <= self._now():
            raise _expired()
        return sign_in

    def eid_url(self, sign_in: PendingSignIn) -> str:
        """Return where to send a citizen's browser.

        Raises:
            DependencyDown: `EID_UNAVAILABLE`.
        """
        return self._eid.authorization_url(_request(sign_in))

    def complete_citizen(self, sign_in: PendingSignIn, state: str, code: str) -> str:
        """Finish the sign-in of a citizen who comes back from the e-ID; returns the cookie of the session.

        Raises:
            NotAuthenticated: `SIGN_IN_EXPIRED` or `EID_REFUSED`.
            DependencyDown: `EID_UNAVAILABLE`.
            ValidationFailed: the e-ID asserts something impossible.
        """
        if not hmac.compare_digest(sign_in.state.encode(), state.encode()):
            raise _expired()
        identity = self._eid.identity(code, _request(sign_in))
        account = self._accounts.sign_in(identity)
        return self._complete(sign_in, f"accounts/{account.id}", identity.level, ("eid",))

    def complete_officer(
        self, sign_in: PendingSignIn, csrf_token: str, username: str, password: str, code: str, origin: Origin
    ) -> str:
        """Finish the sign-in of an officer; returns the cookie of the session.

        Raises:
            NotAuthenticated: `SIGN_IN_EXPIRED` or `SIGN_IN_FAILED`.
            RateLimited: `SIGN_IN_LOCKED`.
        """
        if not hmac.compare_digest(sign_in.csrf_token.encode(), csrf_token.encode()):
            raise _expired()
        officer_id = self._officer_check.check(username, password, code, origin)
        return self._complete(sign_in, f"officers/{officer_id}", AssuranceLevel.TWO, ("pwd", "otp", "mfa"))

    def session(self, cookie: str) -> LoginSession | None:
        """Return the login session of a browser, if it has one that is still good."""
        session = self._grants.session(digest(cookie)) if cookie else None
        return session if session and session.expire_time > self._now() else None

    def sign_out(self, session_id: str) -> None:
        """End a login session with all refresh tokens that come from it."""
        self._grants.end_session(session_id)

    def _complete(self, sign_in: PendingSignIn, subject: str, level: AssuranceLevel, methods: tuple[str, ...]) -> str:
        if not self._grants.end_sign_in(sign_in.id):
            raise _expired()
        now = self._now()
        cookie = secrets.token_urlsafe(32)
        session = LoginSession(digest(cookie), Authentication(subject, level, methods, now), now + SESSION_LIFETIME)
        self._grants.save_session(session)
        log.info("signed_in", subject=subject, level=level.value)
        return cookie


class OfficerCheck:
    """Checks user name, password and one-time code."""

    def __init__(
        self, credentials: Credentials, passwords: Passwords, sealer: Sealer, attempts: Attempts, now: RealTime
    ) -> None:
        self._credentials = credentials
        self._passwords = passwords
        self._sealer = sealer
        self._attempts = attempts
        self._now = now

    def check(self, username: str, password: str, code: str, origin: Origin) -> str:
        """Return the officer's id.

        Args:
            username: as typed.
            password: as typed.
            code: six digits of RFC 6238.
            origin: where it comes from.

        Raises:
            NotAuthenticated: `SIGN_IN_FAILED`; what was wrong is not told.
            RateLimited: `SIGN_IN_LOCKED`.
        """
        forgive = self._attempts.count(username, origin.address, origin.device)
        try:
            officer_id = self._officer(username, password, code)
        except Exception:
            forgive()  # nobody could tell whether it was right
            raise
        if not officer_id:
            raise NotAuthenticated("SIGN_IN_FAILED", "user name, password or one-time code is wrong")
        forgive()
        return officer_id

    def _officer(self, username: str, password: str, code: str) -> str:
        """Return the officer's id; empty when something is wrong."""
        credential = self._credentials.get(username)
        password_right = self._passwords.verify(password, credential.password_hash if credential else "")
        if credential is not None and password_right:
            secret = self._sealer.open(credential.sealed_totp_secret).decode()
            step = matching_step(secret, code, self._now())
            if step is not None and self._credentials.use_step(username, step):
                return credential.officer_id
        log.warning("sign_in_failed", known=credential is not None)
        return ""


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose one-time code this is, or None."""
    totp = pyotp.TOTP(secret, interval=TOTP_STEP_SECONDS)
    this_step = int(now.timestamp()) // TOTP_STEP_SECONDS
    for step in range(this_step - ONE_STEP, this_step + ONE_STEP + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.strip().encode()):
            return step
    return None


def _request(sign_in: PendingSignIn) -> EidRequest:
    return EidRequest(sign_in.state, sign_in.nonce, sign_in.code_verifier, sign_in.least_level)


def _expired() -> NotAuthenticated:
    return NotAuthenticated("SIGN_IN_EXPIRED", "the sign-in was not started here, has expired or was used before")
