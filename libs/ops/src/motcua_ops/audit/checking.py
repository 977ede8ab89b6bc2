"""Checking databases against their seals."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cryptography.x509 import Certificate

from motcua_kit.documents.statements import StatementError, is_trusted
from motcua_kit.domain import NotFound
from motcua_kit.store import Store
from motcua_kit.store.chain import Kind, breaks
from motcua_kit.store.collections import REMOVED
from motcua_ops.audit.archive import Archive, Stored
from motcua_ops.audit.leaves import OVERLAP, Leaf, begin_of, moments, name_of, sealed_collections
from motcua_ops.audit.merkle import Tree
from motcua_ops.audit.seals import Seal, Signed, seal_key, stored_seals
from motcua_ops.backup.diskmap import DiskMap

EVERY = 10_000
"""Aggregates between two words on how far it is."""

_MALFORMED = (KeyError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True)
class Finding:
    """Something that an auditor has to know.

    Attributes:
        what: `changed`, `removed`, `inserted`, …
        name: of what, with the service in front: `dossier dossiers/4f…`, `dossier seal 2026-11-23`.
        text: more.
        alarm: whether it says that something was tampered with; otherwise it is worth knowing.
    """

    what: str
    name: str
    text: str
    alarm: bool = True

    def __str__(self) -> str:
        """A line."""
        return f"{self.what:<10} {self.name}: {self.text}"


class Check:
    """The check of one service.

    Args:
        store: its database.
        archive: keeps the seals.
        service: its name.
        trusted: certificates that the signer must lead to; none: nobody vouches for the signer, which is said.
        told: progress.
    """

    def __init__(
        self,
        store: Store,
        archive: Archive,
        service: str,
        trusted: Sequence[Certificate],
        told: Callable[[str], None],
    ) -> None:
        self._store = store
        self._archive = archive
        self._service = service
        self._trusted = trusted
        self._told = told

    def run(self, today: date) -> Iterator[Finding]:
        """Yield what is found, in bounded memory: what was sealed lies in a file meanwhile."""
        with DiskMap() as sealed:
            last: Seal | None = None
            for stored in stored_seals(self._archive, self._service):
                try:
                    signed = Signed.read(stored, self._archive.read(stored).decode())
                except (StatementError, UnicodeDecodeError) as error:
                    yield self._seal(stored.key, "altered", str(error))
                    continue
                yield from self._judge(signed, last)
                yield from self._take_leaves(signed.seal, sealed)
                last = signed.seal
            yield from self._missing_days(last, today)
            yield from self._database(sealed, last)
            yield from (
                Finding("removed", f"{self._service} {row['name']}", "is not there any more, with its whole history")
                for row in map(json.loads, sealed.values())
            )

    # ---- seals ----

    def _seal(self, key: str, what: str, text: str, *, alarm: bool = True) -> Finding:
        return Finding(what, f"{self._service} seal {key.rpartition('/')[2].removesuffix('.jws')}", text, alarm)

    def _judge(self, signed: Signed, last: Seal | None) -> Iterator[Finding]:
        seal, key = signed.seal, signed.stored.key
        if seal_key(self._service, seal.day) != key or seal.service != self._service:
            yield self._seal(key, "altered", f"it is the seal of {seal.service} on {seal.day}")
        if signed.stored.overwritten:
            yield self._seal(key, "altered", "somebody wrote over it or hid it; the first writing was read")
        if self._trusted and not is_trusted(signed.statement, self._trusted, seal.time):
            yield self._seal(key, "altered", f"signed by {signed.statement.signer}, whom nobody trusted vouches for")
        if (seal.previous_day, seal.previous) != ((last.day, last.digest) if last else ("", "")):
            yield self._seal(key, "removed", f"the seal before it, of {seal.previous_day or 'no day'}, is not there")
        if last and (gone := set(last.collections) - set(seal.collections)):
            yield self._seal(key, "changed", f"no longer sealed: {', '.join(sorted(gone))}")
        yield from self._locked(signed.stored, key)

    def _locked(self, stored: Stored, key: str) -> Iterator[Finding]:
        if self._archive.locked_until(stored) is None:
            yield self._seal(key, "not locked", "whoever has the right to write there can delete it", alarm=False)

    def _take_leaves(self, seal: Seal, sealed: DiskMap) -> Iterator[Finding]:
        """Remember the leaves of a seal, when they are those that were sealed."""
        stored = next(self._archive.list(seal.leaves_key), None)
        key, tree = seal_key(self._service, seal.day), Tree()
        if stored is None:
            yield self._seal(key, "removed", "its leaves are not there")
            return
        try:
            with self._archive.lines(stored) as lines:
                for line in lines:
                    tree.append(line)
                    _remember(sealed, Leaf.read(line), seal.day)
        except (OSError, EOFError, ValueError, zlib.error, NotFound) as error:
            yield self._seal(key, "altered", f"its leaves cannot be read ({type(error).__name__})")
            return
        if (tree.size, tree.close().hex()) != (seal.leaves, seal.root):
            yield self._seal(key, "altered", "its leaves are not those that were sealed")
        yield from self._locked(stored, key)
        self._told(f"{self._service} {seal.day}: {seal.leaves} sealed")

    def _missing_days(self, last: Seal | None, today: date) -> Iterator[Finding]:
        yesterday = today - timedelta(days=1)
        if last is None:
            yield Finding("not sealed", self._service, "there is no seal")
        elif last.day < (yesterday - timedelta(days=1)).isoformat():
            yield Finding("removed", f"{self._service} seals", f"none after {last.day}; were they made?")

    # ---- database ----

    def _database(self, sealed: DiskMap, last: Seal | None) -> Iterator[Finding]:
        before = begin_of(date.fromisoformat(last.day) + timedelta(days=1)) - OVERLAP if last else None
        names = sorted(
            {*sealed_collections(self._store), *(last.collections if last else ())}, key=lambda n: n == REMOVED.name
        )
        parts = {"history": 1, "chain": 1, "chain_head": 1, "version": 1}
        for collection in names:
            found = self._store.collection(collection).find({}, parts)
            for number, document in enumerate(found, start=1):
                name = name_of(collection, document["_id"])
                row = sealed.pop(name)
                yield from self._aggregate(name, document, json.loads(row)["seals"] if row else [], before)
                if number % EVERY == 0:
                    self._told(f"{self._service}.{collection}: {number} checked")

    def _aggregate(
        self, name: str, document: Mapping[str, Any], seals: list[list[Any]], before: datetime | None
    ) -> Iterator[Finding]:
        subject = f"{self._service} {name}"
        try:
            yield from (
                Finding(each.kind, subject, _explained(each.kind, each.version)) for each in breaks(name, document)
            )
            yield from self._against_seals(subject, document, seals)
            covered = max((version for _, version, _ in seals), default=0)
            for version, moment in moments(document).items():
                if before and version > covered and moment < before:
                    yield Finding(
                        Kind.INSERTED, subject, f"entry {version} of {moment:%Y-%m-%d} was not there at the seal"
                    )
            yield from self._worth_knowing(subject, document)
        except _MALFORMED as error:
            yield Finding(Kind.CHANGED, subject, f"its history is malformed ({type(error).__name__}: {error})")

    def _worth_knowing(self, subject: str, document: Mapping[str, Any]) -> Iterator[Finding]:
        for link in document.get("chain", ()):
            if link.get("erased"):
                yield Finding("erased", subject, f"{', '.join(link['erased'])} of entry {link['version']}", alarm=False)
        if document["_id"] == subject.removeprefix(f"{self._service} "):  # a name for an id: it was removed
            yield Finding("deleted", subject, f"by the command {document['history'][-1]['action']}", alarm=False)

    def _against_seals(self, subject: str, document: Mapping[str, Any], seals: list[list[Any]]) -> Iterator[Finding]:
        hashes = {link["version"]: link["hash"].hex() for link in document.get("chain", ())}
        whole = 0
        for day, version, digest in seals:
            if version not in hashes:
                yield Finding(Kind.REMOVED, subject, f"entries from {whole + 1} to {version}, sealed on {day}")
            elif hashes[version] != digest:
                yield Finding(Kind.CHANGED, subject, f"among entries {whole + 1} to {version}, sealed on {day}")
            else:
                whole = version


def _remember(sealed: DiskMap, leaf: Leaf, day: str) -> None:
    row = json.loads(sealed.get(leaf.name) or json.dumps({"name": leaf.name, "seals": []}))
    row["seals"].append([day, leaf.version, leaf.hash])
    sealed[leaf.name] = json.dumps(row)


def _explained(kind: Kind, version: int) -> str:
    if kind is Kind.UNLINKED:
        return f"entry {version}: by an older version, if there was one at work (then: motcua audit adopt)"
    return f"entry {version}"
