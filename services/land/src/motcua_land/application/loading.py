"""Loading a register: everything is checked first, then written in batches; running it again changes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from motcua_kit.command import Command
from motcua_kit.domain import Aggregate
from motcua_land.application.ports import Certificates, Parcels
from motcua_land.domain.certificate import Certificate
from motcua_land.domain.parcel import Parcel

BATCH = 100

Record = TypeVar("Record", bound=Aggregate)
Progress = Callable[[str, int, int], None]
"""Called after each batch with what is loaded, how many are done, and of how many."""


class RegisterConflict(Exception):
    """The register holds something else under the same code; nothing was written.

    Attributes:
        problems: one sentence each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Loaded:
    """What a load did: records written, and those that were there already."""

    parcels: int
    certificates: int
    present: int


class _Collection(Protocol[Record]):
    def get_many(self, identities: Sequence[str], /) -> list[Record]: ...

    def create(self, record: Record, command: Command, /) -> Record: ...


class RegisterLoader:
    """Loads parcels and certificates that have been checked."""

    def __init__(self, parcels: Parcels, certificates: Certificates) -> None:
        self._parcels = parcels
        self._certificates = certificates

    def load(
        self,
        parcels: Sequence[Parcel],
        certificates: Sequence[Certificate],
        command: Command,
        progress: Progress,
    ) -> Loaded:
        """Write what is not there yet.

        A record that registration has changed since it was loaded is left alone: the register knows better.

        Args:
            parcels: checked parcels.
            certificates: checked certificates.
            command: who loads, and when.
            progress: called after each batch.

        Raises:
            RegisterConflict: a record that nobody has changed since it was loaded differs from the one to load, or a
                cadastral key belongs to another parcel.
        """
        new_certificates, conflicts = self._split(certificates, self._certificates)
        new_parcels, more = self._split(parcels, self._parcels)
        conflicts += more
        for batch in _batches(new_parcels):
            taken = self._parcels.taken_keys([parcel.cadastral_key for parcel in batch])
            conflicts += [f"{key} is the key of parcels/{code} already" for key, code in taken.items()]
        if conflicts:
            raise RegisterConflict(conflicts)
        # Certificates first: a parcel never points to one that is not there.
        self._write("certificates", new_certificates, self._certificates, command, progress)
        self._write("parcels", new_parcels, self._parcels, command, progress)
        present = len(parcels) + len(certificates) - len(new_parcels) - len(new_certificates)
        return Loaded(len(new_parcels), len(new_certificates), present)

    @staticmethod
    def _split(records: Sequence[Record], there: _Collection[Record]) -> tuple[list[Record], list[str]]:
        """Return the records that are new, and what speaks against those that are not."""
        new: list[Record] = []
        conflicts: list[str] = []
        for batch in _batches(records):
            present = {record.id: record for record in there.get_many([record.id for record in batch])}
            for record in batch:
                other = present.get(record.id)
                if other is None:
                    new.append(record)
                elif other.version == 1 and _content(other) != _content(record):
                    conflicts.append(f"{type(record).__name__} {record.id} is there with other content")
        return new, conflicts

    @staticmethod
    def _write(
        what: str, records: Sequence[Record], there: _Collection[Record], command: Command, progress: Progress
    ) -> None:
        done = 0
        for batch in _batches(records):
            for record in batch:
                there.create(record, command.derived(record.id))
            done += len(batch)
            progress(what, done, len(records))


def _content(record: Record) -> Record:
    return dataclasses.replace(record, version=0, create_time=None, update_time=None)


def _batches(records: Sequence[Record]) -> Iterator[list[Record]]:
    iterator = iter(records)
    while batch := list(islice(iterator, BATCH)):
        yield batch
