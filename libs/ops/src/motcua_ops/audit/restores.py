"""Statements that a database was put back to an earlier moment: what was sealed since then and is gone, is explained.

Such a statement is signed with the key of seals and lies among them. A note in the database would explain anything to
whoever can write there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from motcua_kit.clock import day_of
from motcua_kit.documents.statements import Statement, StatementError, read_statement, sign_statement
from motcua_ops.audit.archive import Archive, Stored
from motcua_ops.audit.seals import last_seal
from motcua_ops.audit.stated import Stated, now
from motcua_ops.errors import OpsError

if TYPE_CHECKING:
    from motcua_kit.documents.sign import KeySource

KIND = "motcua-restore"
"""`typ` of the signed statement."""


@dataclass(frozen=True)
class Restore(Stated):
    """What is signed.

    Attributes:
        point: moment of the backup, RFC 3339.
        first_day: the first day whose seal saw more than the backup has.
        last_day: the last day that was sealed before the restore.
        stated_time: when this was stated, RFC 3339.
        by: who answers for it.
        ground: why the database was put back.
    """

    FORMAT = "motcua.restore/1"
    DAYS = ("first_day", "last_day")
    TIMES = ("point", "stated_time")

    point: str
    first_day: str
    last_day: str
    stated_time: str
    by: str
    ground: str

    def explains(self, day: str) -> bool:
        """Tell whether the restore took away what was sealed on a day."""
        return self.first_day <= day <= self.last_day

    @property
    def next_day(self) -> str:
        """The first day that is sealed after it, and then with all that there is: old seals bind too little now."""
        return (date.fromisoformat(self.last_day) + timedelta(days=1)).isoformat()

    def __str__(self) -> str:
        """In words."""
        return f"the restore to {self.point}, stated by {self.by}: {self.ground}"


def state_restore(archive: Archive, service: str, key: KeySource, point: datetime, by: str, ground: str) -> Restore:
    """Sign and keep the statement that a service's database was put back; do it before the next seal.

    Args:
        archive: keeps the seals.
        service: name of the service.
        key: signs.
        point: moment of the backup, aware.
        by: who answers for it.
        ground: why.

    Raises:
        OpsError: nothing was sealed since that moment, so there is nothing to explain.
        StatementError: the last seal is altered.
    """
    last = last_seal(archive, service)
    if last is None or last.seal.day < day_of(point):
        raise OpsError(f"{service}: nothing was sealed since {point.isoformat()}; there is nothing to explain")
    restore = Restore(
        service=service,
        point=point.isoformat(),
        first_day=day_of(point),
        last_day=last.seal.day,
        stated_time=now(),
        by=by,
        ground=ground,
    )
    text = sign_statement(restore.payload, key, KIND).encode()
    archive.put(f"restores/{service}/{restore.stated_time}.jws", io.BytesIO(text), len(text), "application/jose")
    return restore


def stored_restores(archive: Archive, service: str) -> Iterator[Stored]:
    """Yield the statements of a service as they lie there, the oldest first."""
    return archive.list(f"restores/{service}/")


def days_sealed_anew(archive: Archive, service: str) -> set[str]:
    """Return the days whose seals have all that there is, besides the first seal: each the first after a restore.

    What is no statement counts for nothing here; `verify` names it.
    """
    days = set()
    for stored in stored_restores(archive, service):
        with suppress(StatementError):
            days.add(read_restore(archive, stored)[0].next_day)
    return days


def read_restore(archive: Archive, stored: Stored) -> tuple[Restore, Statement]:
    """Return a statement, and who signed it.

    Raises:
        StatementError: it is none, or altered.
    """
    statement = read_statement(archive.read(stored).decode(errors="replace"), KIND)
    return Restore.read(statement.payload), statement
