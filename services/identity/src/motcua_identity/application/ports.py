"""What the application needs from outside, as Protocols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from motcua_identity.domain.access_entry import AccessEntry
from motcua_identity.domain.account import Account, AssuranceLevel, EidIdentity
from motcua_identity.domain.officer import Officer
from motcua_identity.domain.oidc import AuthorizationCode, LoginSession, OidcClient, PendingSignIn, TokenFamily
from motcua_identity.domain.organisation import Organisation
from motcua_identity.domain.signing_key import SigningKey
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.store.paging import Page


class Accounts(Protocol):
    """People."""

    def get(self, identity: str, /) -> Account:
        """Return one, or raise NotFound."""

    def by_citizen_id(self, number: str) -> Account | None:
        """Return the account of a personal identification number."""

    def by_subject(self, issuer: str, subject: str) -> Account | None:
        """Return the account linked with an e-ID subject."""

    def create(self, aggregate: Account, command: Command, /) -> Account:
        """Save a new one, or raise AlreadyExists."""

    def change(
        self, identity: str, command: Command, mutate: Callable[[Account], None], /, *, etag: str = ""
    ) -> Account:
        """Change one."""


class Organisations(Protocol):
    """Organisations."""

    def get(self, identity: str, /) -> Organisation:
        """Return one, or raise NotFound."""

    def create(self, aggregate: Organisation, command: Command, /) -> Organisation:
        """Save a new one, or raise AlreadyExists."""

    def list(self, access: Access, representative: str, page: Page) -> tuple[list[Organisation], str]:
        """Return a page of those the caller may see, by tax code."""


class Officers(Protocol):
    """Officers."""

    def get(self, identity: str, /) -> Officer:
        """Return one, or raise NotFound."""

    def by_username(self, username: str) -> Officer | None:
        """Return the officer with this user name."""

    def create(self, aggregate: Officer, command: Command, /) -> Officer:
        """Save a new one, or raise AlreadyExists."""

    def change(
        self, identity: str, command: Command, mutate: Callable[[Officer], None], /, *, etag: str = ""
    ) -> Officer:
        """Change one."""

    def list(self, access: Access, unit: str, page: Page) -> tuple[list[Officer], str]:
        """Return a page of those the caller may see, by user name."""


class AccessLog(Protocol):
    """The access log; it only grows."""

    def create(self, aggregate: AccessEntry, command: Command, /) -> AccessEntry:
        """Save an entry; a repeat of the command saves nothing."""

    def list(self, person: str, page: Page) -> tuple[list[AccessEntry], str]:
        """Return a page of a person's entries, latest first."""


class Contacts(Protocol):
    """Judges contact data."""

    def phone(self, text: str) -> str:
        """Return the number in E.164, or raise ValidationFailed `PHONE_INVALID`."""

    def email(self, text: str) -> str:
        """Return the address in normal form, or raise ValidationFailed `EMAIL_INVALID`."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What an officer signs in with.

    Attributes:
        username: name used to sign in.
        officer_id: whose it is.
        password_hash: argon2id.
        sealed_totp_secret: base32 secret of RFC 6238, encrypted.
        last_step: time step of the last one-time code used; none is taken twice.
    """

    username: str
    officer_id: str
    password_hash: str
    sealed_totp_secret: bytes
    last_step: int = 0


class Credentials(Protocol):
    """Officers' credentials, apart from the officers so that no history and no list holds them."""

    def get(self, username: str) -> Credential | None:
        """Return the credential for a user name."""

    def put(self, credential: Credential) -> None:
        """Save or replace a credential."""

    def use_step(self, username: str, step: int) -> bool:
        """Note that the one-time code of a time step was used; False when it, or a later one, was before."""


class Passwords(Protocol):
    """Slow hashes of passwords."""

    def hash(self, password: str) -> str:
        """Return a salted hash."""

    def verify(self, password: str, password_hash: str) -> bool:
        """Tell whether the password has this hash; takes as long for an empty hash as for a real one."""


class SealError(Exception):
    """It was sealed with a key that is not known, or tampered with."""


class Sealer(Protocol):
    """Encrypts what must be read again."""

    def seal(self, plain: bytes) -> bytes:
        """Encrypt."""

    def open(self, sealed: bytes) -> bytes:
        """Decrypt; raises SealError."""


class Attempts(Protocol):
    """Counts wrong sign-ins."""

    def count(self, username: str, address: str, device: str = "") -> Callable[[], None]:
        """Count an attempt as a wrong one before it is judged, so that of many at once no more pass than may.

        Args:
            username: as typed.
            address: where it comes from.
            device: a browser in which the officer has signed in before; empty for any other.

        Returns:
            What to call when it was not wrong: the attempt does not count then.

        Raises:
            RateLimited: `SIGN_IN_LOCKED`, there were too many; this one does not count.
            DependencyDown: nobody can count now; without counting nobody is let in.
        """


@dataclass(frozen=True, slots=True)
class EidRequest:
    """What binds one sign-in at the e-ID together."""

    state: str
    nonce: str
    code_verifier: str
    least_level: AssuranceLevel = AssuranceLevel.ONE


class EidProvider(Protocol):
    """The national e-ID, to which identity is an OpenID Connect client."""

    def authorization_url(self, request: EidRequest) -> str:
        """Return where to send the browser; raises DependencyDown `EID_UNAVAILABLE`."""

    def identity(self, code: str, request: EidRequest) -> EidIdentity:
        """Trade the code for what the e-ID asserts.

        Raises DependencyDown `EID_UNAVAILABLE`, NotAuthenticated `EID_REFUSED` or ValidationFailed.
        """


class SigningKeys(Protocol):
    """Keys that sign tokens."""

    def all(self) -> list[SigningKey]:
        """Return all keys, also old ones."""

    def add_first(self, key: SigningKey) -> None:
        """Save a key unless there is one already, however many processes try."""

    def replace(self, retired: list[SigningKey], key: SigningKey) -> None:
        """Save a key and the end of the others, all or nothing."""


class Clients(Protocol):
    """OIDC clients."""

    def get(self, client_id: str) -> OidcClient | None:
        """Return the client with this id."""

    def put(self, client: OidcClient) -> None:
        """Save or replace a client."""


class GrantStore(Protocol):
    """Short-lived records of sign-ins. Whoever asks judges expiry; the store may forget what has expired."""

    def save_sign_in(self, sign_in: PendingSignIn) -> None:
        """Save."""

    def sign_in(self, id: str) -> PendingSignIn | None:
        """Return."""

    def end_sign_in(self, id: str) -> bool:
        """Forget; False when somebody else was faster."""

    def save_session(self, session: LoginSession) -> None:
        """Save."""

    def session(self, id: str) -> LoginSession | None:
        """Return."""

    def end_session(self, id: str) -> None:
        """Forget the session and revoke the token families that come from it."""

    def save_code(self, code: AuthorizationCode) -> None:
        """Save."""

    def code(self, id: str) -> AuthorizationCode | None:
        """Return, used or not."""

    def use_code(self, id: str) -> bool:
        """Mark as used; False when it was before."""

    def save_family(self, family: TokenFamily) -> None:
        """Save."""

    def family(self, id: str) -> TokenFamily | None:
        """Return, revoked or not."""

    def rotate(self, family_id: str, current: str, following: str) -> bool:
        """Replace the valid token; False when `current` is not the valid one."""

    def revoke(self, family_id: str) -> None:
        """Make every token of a family invalid."""


RealTime = Callable[[], datetime]
"""The machine's time. Tokens and sessions do not follow the business clock."""
