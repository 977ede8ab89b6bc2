"""Clients and officers from a file, brought into the database as often as one likes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from motcua_identity.application.officers import NewOfficer, OfficerApp
from motcua_identity.application.ports import Clients, Credential, Credentials, Officers, Passwords, Sealer
from motcua_identity.domain.account import AssuranceLevel
from motcua_identity.domain.officer import Officer, Post, Role
from motcua_identity.domain.oidc import ClientKind, OidcClient, People, digest
from motcua_kit.access import Caller, everything
from motcua_kit.clock import Clock
from motcua_kit.command import Command

ACTOR = "services/identity"
LEAST_SECRET_LENGTH = 16
MOST_SECRETS = 2

ReadSecret = Callable[[str], str]
"""Returns the secret in a file, named relative to the seed file."""


class SeedError(ValueError):
    """The seed file asks for something that cannot be; the text says what."""


@dataclass(frozen=True, slots=True)
class SeedClient:
    """An OIDC client in a seed file.

    `secret_file` names the file with its secret; while that is rotated, the former one follows on a second line.
    """

    id: str
    kind: ClientKind
    display_name: str
    people: People | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    secret_file: str = ""
    least_level: int = AssuranceLevel.ONE.value


@dataclass(frozen=True, slots=True)
class SeedPost:
    """A post in a seed file."""

    unit: str
    role: Role
    start_date: date
    end_date: date | None = None
    decision: str = ""


@dataclass(frozen=True, slots=True)
class SeedOfficer:
    """An officer in a seed file; the `…_file` fields name files with a password and a base32 TOTP secret."""

    username: str
    full_name: str
    password_file: str
    totp_secret_file: str
    title: str = ""
    email: str = ""
    posts: tuple[SeedPost, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedFile:
    """All that a seed file may hold."""

    clients: tuple[SeedClient, ...] = field(default=())
    officers: tuple[SeedOfficer, ...] = field(default=())


class Seeder:
    """Brings the database to what a file says. What the file does not name stays as it is."""

    def __init__(
        self,
        clients: Clients,
        officers: Officers,
        officer_app: OfficerApp,
        credentials: Credentials,
        passwords: Passwords,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        self._clients = clients
        self._officers = officers
        self._officer_app = officer_app
        self._credentials = credentials
        self._passwords = passwords
        self._sealer = sealer
        self._clock = clock
        self._access = everything(Caller(name=ACTOR, kind="service"))

    def seed(self, file: SeedFile, read_secret: ReadSecret) -> list[str]:
        """Create and change what differs; returns a line for each change, none on a second run.

        Raises:
            SeedError: a client contradicts itself or a secret is too short.
            DomainError: a post or an address is not valid.
        """
        changes = [f"client {client.id}" for client in file.clients if self._seed_client(client, read_secret)]
        for officer in file.officers:
            changes += self._seed_officer(officer, read_secret)
        return changes

    def _seed_client(self, seed: SeedClient, read_secret: ReadSecret) -> bool:
        if (seed.kind is ClientKind.PUBLIC) == bool(seed.secret_file):
            message = f"client {seed.id}: public clients have no secret, all others have one"
            raise SeedError(message)
        if (seed.kind is ClientKind.SERVICE) == bool(seed.people or seed.redirect_uris):
            message = f"client {seed.id}: services sign nobody in, all others name `people` and `redirect_uris`"
            raise SeedError(message)
        secrets = read_secret(seed.secret_file).splitlines() if seed.secret_file else []
        if seed.secret_file and not 1 <= len(secrets) <= MOST_SECRETS:
            message = f"client {seed.id}: want one secret, or the new and the former one; there are {len(secrets)}"
            raise SeedError(message)
        if any(len(secret) < LEAST_SECRET_LENGTH for secret in secrets):
            message = f"client {seed.id}: a secret has at least {LEAST_SECRET_LENGTH} characters"
            raise SeedError(message)
        hashes = [*map(digest, secrets), "", ""]
        client = OidcClient(
            id=seed.id,
            kind=seed.kind,
            display_name=seed.display_name,
            people=seed.people,
            redirect_uris=seed.redirect_uris,
            post_logout_redirect_uris=seed.post_logout_redirect_uris,
            secret_hash=hashes[0],
            previous_secret_hash=hashes[1],
            least_level=AssuranceLevel(seed.least_level),
        )
        if self._clients.get(seed.id) == client:
            return False
        self._clients.put(client)
        return True

    def _seed_officer(self, seed: SeedOfficer, read_secret: ReadSecret) -> list[str]:
        changes = []
        officer = self._officers.by_username(seed.username)
        if officer is None:
            new = NewOfficer(seed.username, seed.full_name, seed.title, seed.email)
            officer = self._officer_app.register(self._command("CreateOfficer"), self._access, new)
            changes.append(f"officer {seed.username}")
        for post in seed.posts:
            if not _holds(officer, post):
                wanted = Post("", post.unit, post.role, post.start_date, post.end_date, post.decision)
                self._officer_app.appoint(self._command("AppointOfficer"), self._access, officer.id, wanted)
                changes.append(f"post {seed.username} {post.role} {post.unit}")
        password, totp_secret = read_secret(seed.password_file), read_secret(seed.totp_secret_file)
        if self._seed_credential(seed.username, officer.id, password, totp_secret):
            changes.append(f"credential {seed.username}")
        return changes

    def _seed_credential(self, username: str, officer_id: str, password: str, totp_secret: str) -> bool:
        known = self._credentials.get(username)
        if (
            known is not None
            and self._passwords.verify(password, known.password_hash)
            and self._sealer.open(known.sealed_totp_secret) == totp_secret.encode()
        ):
            return False
        fresh = Credential(
            username, officer_id, self._passwords.hash(password), self._sealer.seal(totp_secret.encode())
        )
        self._credentials.put(replace(fresh, last_step=known.last_step) if known else fresh)
        return True

    def _command(self, name: str) -> Command:
        return Command(name=name, actor=ACTOR, time=self._clock(), reason="seed")


def _holds(officer: Officer, post: SeedPost) -> bool:
    return any(
        (held.unit, held.role, held.start_date) == (post.unit, post.role, post.start_date) for held in officer.posts
    )
