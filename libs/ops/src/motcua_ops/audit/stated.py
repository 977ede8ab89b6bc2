"""What is signed: a dataclass as canonical JSON, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import ClassVar, Self

from motcua_kit.documents.statements import StatementError
from motcua_kit.store.chain import canonical


@dataclass(frozen=True)
class Stated:
    """A statement; subclasses add what it says, in texts, numbers and lists.

    Attributes:
        FORMAT: name of its form, its `format` in JSON.
        service: whose histories it is about.
    """

    FORMAT: ClassVar[str]
    DAYS: ClassVar[tuple[str, ...]]
    """Attributes that are days, as `2026-11-23`."""
    TIMES: ClassVar[tuple[str, ...]]
    """Attributes that are times, RFC 3339."""

    service: str

    @property
    def payload(self) -> bytes:
        """Its canonical form, which is signed."""
        return canonical({"format": self.FORMAT, **asdict(self)})

    @classmethod
    def read(cls, payload: bytes) -> Self:
        """Return what was signed.

        Raises:
            StatementError: it is something else.
        """
        try:
            given = json.loads(payload)
            known = given.pop("format") == cls.FORMAT
            stated = cls(**given)
            for name in cls.DAYS:
                date.fromisoformat(getattr(stated, name))
            aware = all(datetime.fromisoformat(getattr(stated, name)).tzinfo for name in cls.TIMES)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise StatementError(f"it states no {cls.FORMAT}") from error
        if not (known and aware and stated.payload == payload):
            raise StatementError(f"it states no {cls.FORMAT} in a form that is known here")
        return stated


def now() -> str:
    """Return this moment as statements have it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
