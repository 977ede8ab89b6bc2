"""Who read a person's data: each read leaves a record, and identity hears of it by event (Luật 91/2025/QH15)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from pymongo import IndexModel

from motcua_kit.clock import Clock
from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, Event
from motcua_kit.rpc.call import acting_for, current_call
from motcua_kit.store.collections import Collection
from motcua_kit.store.connection import Store
from motcua_kit.store.repository import Repository

COLLECTION = "access_records"
KEPT = timedelta(days=30)
"""Longer than any outage of the relay: what is not handed over by then is lost to the log."""

ACCESS_RECORDS = Collection(
    COLLECTION,
    indexes=[IndexModel("create_time", name="kept", expireAfterSeconds=int(KEPT.total_seconds()))],
    sealed=False,
)
"""For the migrations of services that read personal data. Identity keeps the log; this is only the way there."""


@dataclass(frozen=True)
class AccessRecorded(Event):
    """Somebody read a person's data."""

    type: ClassVar[str] = "access.recorded"

    person: str
    reader: str
    on_behalf_of: str
    purpose: str
    resource: str
    fields: list[str]


@dataclass(kw_only=True)
class AccessRecord(Aggregate):
    """One read, on its way to identity."""

    person: str
    reader: str
    purpose: str
    resource: str
    fields: list[str] = field(default_factory=list)


class AccessLog:
    """Notes reads of personal data."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._records = Repository(store, AccessRecord, COLLECTION)
        self._clock = clock

    def record(self, *, person: str, reader: str, purpose: str, resource: str, fields: Sequence[str]) -> None:
        """Note a read before its result is given out.

        Args:
            person: resource name of whose data it is.
            reader: resource name of who reads.
            purpose: why, as the law or the procedure names it.
            resource: what was read.
            fields: which data.
        """
        record = AccessRecord(
            id=uuid.uuid4().hex, person=person, reader=reader, purpose=purpose, resource=resource, fields=list(fields)
        )
        record.record(
            AccessRecorded(
                person=person,
                reader=reader,
                on_behalf_of=acting_for(),
                purpose=purpose,
                resource=resource,
                fields=list(fields),
            )
        )
        self._records.create(record, Command(name="RecordAccess", actor=reader, time=self._clock()))

    def record_call(self, *, person: str, purpose: str, resource: str, fields: Sequence[str]) -> None:
        """Note a read by the caller of the present RPC; people who read their own data are not noted."""
        caller = current_call().caller
        if caller.name != person:
            self.record(person=person, reader=caller.name, purpose=purpose, resource=resource, fields=fields)
