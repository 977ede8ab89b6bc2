"""Seals: what was there at the end of a day, signed, each naming the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from motcua_kit.documents.statements import Statement, read_statement
from motcua_ops.audit.archive import Archive, Stored
from motcua_ops.audit.stated import Stated

KIND = "motcua-seal"
"""`typ` of the signed statement."""


@dataclass(frozen=True)
class Seal(Stated):
    """What is signed.

    Attributes:
        day: in Vietnam, as `2026-11-23`.
        sealed_time: when it was made, RFC 3339.
        previous_day: of the seal before; empty in the first.
        previous: SHA-256 of what was signed then, hex; empty in the first.
        collections: those that were sealed.
        leaves: how many aggregates.
        root: of the tree over them, hex.
    """

    FORMAT = "motcua.seal/1"
    DAYS = ("day",)
    TIMES = ("sealed_time",)

    day: str
    sealed_time: str
    previous_day: str
    previous: str
    collections: list[str]
    leaves: int
    root: str

    @property
    def digest(self) -> str:
        """What the next seal names."""
        return sha256(self.payload).hexdigest()

    @property
    def time(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.sealed_time)

    @property
    def leaves_key(self) -> str:
        """Where the leaves are kept: by their root, so that writing them again changes nothing."""
        return f"leaves/{self.service}/{self.day}-{self.root}.jsonl.gz"


@dataclass(frozen=True)
class Signed:
    """A seal as it is kept.

    Attributes:
        stored: where.
        text: the signed statement.
        seal: what it states.
        statement: the same with who signed it.
    """

    stored: Stored
    text: str
    seal: Seal
    statement: Statement

    @classmethod
    def read(cls, stored: Stored, text: str) -> Signed:
        """Read a seal and check its signature.

        Raises:
            StatementError: it is none, or altered.
        """
        statement = read_statement(text, KIND)
        return cls(stored, text, Seal.read(statement.payload), statement)


def seal_key(service: str, day: str) -> str:
    """Return where the seal of a day is kept."""
    return f"seals/{service}/{day}.jws"


def stored_seals(archive: Archive, service: str) -> Iterator[Stored]:
    """Yield the seals of a service as they lie there, the oldest first."""
    return archive.list(f"seals/{service}/")


def last_seal(archive: Archive, service: str) -> Signed | None:
    """Return the latest seal of a service; None when there is none.

    Raises:
        StatementError: it is altered.
    """
    latest = max(stored_seals(archive, service), key=lambda stored: stored.key, default=None)
    return Signed.read(latest, archive.read(latest).decode()) if latest else None
