"""The log of who read a person's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from motcua_identity.application.ports import AccessLog
from motcua_identity.domain.access_entry import AccessEntry
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.store.paging import Page


@dataclass(frozen=True, slots=True)
class Read:
    """One read as another service reports it; the fields are those of `AccessEntry`."""

    person: str
    reader: str
    on_behalf_of: str
    purpose: str
    resource: str
    fields: tuple[str, ...]
    time: datetime


class AccessLogApp:
    """Commands and queries about the log."""

    def __init__(self, access_log: AccessLog) -> None:
        self._access_log = access_log

    def record(self, command: Command, entry_id: str, read: Read) -> AccessEntry:
        """Enter a read that another service reported; a repeat of the report enters nothing."""
        entry = AccessEntry(
            id=entry_id,
            person=read.person,
            reader=read.reader,
            on_behalf_of=read.on_behalf_of,
            purpose=read.purpose,
            resource=read.resource,
            fields=list(read.fields),
            read_time=read.time,
        )
        return self._access_log.create(entry, command)

    def list(self, access: Access, account_id: str, page: Page) -> tuple[list[AccessEntry], str]:
        """Return a page of a person's entries, latest first.

        Raises:
            NotFound: the caller may not see them.
        """
        person = f"accounts/{account_id}"
        access.check(owner=person, resource=person)
        return self._access_log.list(person, page)
