"""What identity's `seed` Job reads: the first clients and officers, with their secrets in files beside it."""

import base64
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from motcua_ops.errors import OpsError
from motcua_ops.naming import OPS, SERVICES

PEOPLE = {"clients": "id", "officers": "username"}
"""The lists of a seed file and what names an entry in each."""

TOTP_BYTES = 20
"""RFC 4226 §4: a shared secret of 160 bits."""


def token() -> bytes:
    """A random secret of 43 characters."""
    return secrets.token_urlsafe(32).encode()


def totp_secret() -> bytes:
    """A Base32 secret for time-based one-time passwords."""
    return base64.b32encode(secrets.token_bytes(TOTP_BYTES))


MAKERS: Mapping[str, Callable[[], bytes]] = {
    "secret_file": token,
    "password_file": token,
    "totp_secret_file": totp_secret,
}
"""Fields of a seed file that name a file with a secret, and what makes one that nobody gave."""


@dataclass(frozen=True)
class Seed:
    """Clients and officers.

    Attributes:
        entries: the lists of the seed file.
        files: secrets by file name, as far as they are known.
    """

    entries: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, text: bytes | str, files: Mapping[str, bytes]) -> Self:
        """Read a seed file.

        Raises:
            OpsError: it is no seed file.
        """
        entries = yaml.safe_load(text) or {}
        if not isinstance(entries, dict) or set(entries) - set(PEOPLE):
            raise OpsError(f"a seed file holds {' and '.join(PEOPLE)} only")
        return cls(entries, files)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read a seed file with those of its secrets that lie beside it.

        Raises:
            OpsError: it is no seed file.
        """
        seed = cls.read(file.read_text(encoding="utf-8"), {})
        beside = {name: file.parent / name for name, _ in seed.wanted()}
        return cls(seed.entries, {name: path.read_bytes() for name, path in beside.items() if path.exists()})

    def wanted(self) -> Iterator[tuple[str, Callable[[], bytes]]]:
        """Names of the secret files that it refers to, each with what makes such a secret."""
        for entries in self.entries.values():
            for entry in entries:
                yield from ((str(entry[name]), make) for name, make in MAKERS.items() if entry.get(name))

    def with_more(self, other: Self) -> Self:
        """Return both together; where both know something, what is here stays."""
        entries = {}
        for kind, identity in PEOPLE.items():
            mine = self.entries.get(kind, [])
            known = {entry[identity] for entry in mine}
            entries[kind] = [*mine, *(entry for entry in other.entries.get(kind, []) if entry[identity] not in known)]
        return type(self)(entries, {**other.files, **self.files})

    def complete(self) -> dict[str, bytes]:
        """Return all files: the seed file's text is not among them, every secret that it names is."""
        return {name: self.files.get(name) or make() for name, make in self.wanted()}

    def text(self) -> bytes:
        """The seed file."""
        return yaml.safe_dump(dict(self.entries), allow_unicode=True, sort_keys=False).encode()


def client_file(client: str) -> str:
    """File with the secret of a client."""
    return f"client-{client}"


def clients(secret_of: Mapping[str, bytes]) -> Seed:
    """The clients that the suite itself needs: one for each service and one for the operators' command."""
    entries = [
        {"id": name, "kind": "service", "display_name": name, "secret_file": client_file(name)}
        for name in (*SERVICES, OPS)
    ]
    return Seed({"clients": entries}, {client_file(name): secret_of[name] for name in (*SERVICES, OPS)})
