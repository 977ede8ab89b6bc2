"""Checking databases against their seals."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cryptography.x509 import Certificate

from motcua_kit.documents.statements import StatementError, is_trusted
from motcua_kit.domain import NotFound
from motcua_kit.store import Store
from motcua_kit.store.chain import Kind, breaks
from motcua_kit.store.collections import REMOVED
from motcua_ops.audit.archive import Archive, Stored
from motcua_ops.audit.erasing import ORDER, erased_parts, orders_of
from motcua_ops.audit.findings import Finding
from motcua_ops.audit.leaves import OVERLAP, Leaf, begin_of, find_history, moments, name_of, sealed_collections
from motcua_ops.audit.merkle import Tree
from motcua_ops.audit.restores import Restore, read_restore, stored_restores
from motcua_ops.audit.seals import Seal, Signed, seal_key, stored_seals
from motcua_ops.backup.diskmap import DiskMap

EVERY = 10_000
"""Aggregates between two words on how far it is."""

_EVER = datetime.min.replace(tzinfo=UTC)
_MALFORMED = (KeyError, TypeError, AttributeError, ValueError)


class Check:
    """The check of one service.

    Args:
        store: its database.
        archive: keeps the seals.
        service: its name.
        trusted: certificates that the signer must lead to; none: nobody vouches for the signer, which is said.
        told: progress.
        since: the first day whose seal is read to its leaves; only what was sealed or changed from then on is looked
            at, each time with its whole history. None: everything.
    """

    def __init__(
        self,
        store: Store,
        archive: Archive,
        service: str,
        trusted: Sequence[Certificate],
        told: Callable[[str], None],
        since: date | None = None,
    ) -> None:
        self._store = store
        self._archive = archive
        self._service = service
        self._trusted = trusted
        self._told = told
        self._since = since
        self._restores: list[Restore] = []

    def run(self, today: date) -> Iterator[Finding]:
        """Yield what is found, in bounded memory: what was sealed lies in a file meanwhile."""
        with DiskMap() as sealed:
            yield from self._read_restores()
            last: Seal | None = None
            for stored in stored_seals(self._archive, self._service):
                try:
                    signed = Signed.read(stored, self._archive.read(stored).decode())
                except (StatementError, UnicodeDecodeError) as error:
                    yield self._seal(stored.key, "altered", str(error))
                    continue
                yield from self._judge(signed, last)
                if self._since is None or signed.seal.day >= self._since.isoformat():
                    yield from self._take_leaves(signed.seal, sealed)
                last = signed.seal
            yield from self._missing_days(last, today)
            before = begin_of(date.fromisoformat(last.day) + timedelta(days=1)) - OVERLAP if last else None
            yield from self._database(sealed, last.collections if last else [], before)
            for row in map(json.loads, sealed.values()):
                yield from self._unseen(row["name"], row["seals"], before)

    # ---- seals ----

    def _seal(self, key: str, what: str, text: str, *, alarm: bool = True) -> Finding:
        return Finding(what, f"{self._service} seal {key.rpartition('/')[2].removesuffix('.jws')}", text, alarm)

    def _read_restores(self) -> Iterator[Finding]:
        for stored in stored_restores(self._archive, self._service):
            name = f"{self._service} {stored.key}"
            try:
                restore, statement = read_restore(self._archive, stored)
            except StatementError as error:
                yield Finding("altered", name, str(error))
                continue
            if self._trusted and not is_trusted(statement, self._trusted, datetime.fromisoformat(restore.stated_time)):
                yield Finding("altered", name, f"signed by {statement.signer}, whom nobody trusted vouches for")
            elif restore.service != self._service:
                yield Finding("altered", name, f"it is a statement on {restore.service}")
            else:
                self._restores.append(restore)
                yield Finding("restored", self._service, str(restore), alarm=False)

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

    def _database(self, sealed: DiskMap, collections: list[str], before: datetime | None) -> Iterator[Finding]:
        names = sorted({*sealed_collections(self._store), *collections}, key=lambda name: name == REMOVED.name)
        parts = {"history": 1, "chain": 1, "chain_head": 1, "version": 1}
        for collection in names:
            found = self._store.collection(collection).find(self._touched, parts)
            for number, document in enumerate(found, start=1):
                name = name_of(collection, document["_id"])
                row = sealed.pop(name)
                yield from self._aggregate(name, document, json.loads(row)["seals"] if row else [], before)
                if number % EVERY == 0:
                    self._told(f"{self._service}.{collection}: {number} checked")

    @property
    def _touched(self) -> dict[str, Any]:
        """Query for what may be in the seals that are read: what was written late stands under the day before."""
        if self._since is None:
            return {}
        return {"chain_head.day": {"$gte": (self._since - timedelta(days=1)).isoformat()}}

    def _unseen(self, name: str, seals: list[list[Any]], before: datetime | None) -> Iterator[Finding]:
        """Judge what is in seals and was not come across in the database."""
        subject = f"{self._service} {name}"
        found = find_history(self._store, name) if self._since else None
        if found:
            yield from self._aggregate(name, found[1], seals, before)
        elif explained := self._explained([day for day, _, _ in seals]):
            yield Finding("restored", subject, f"is not there since {explained}", alarm=False)
        else:
            yield Finding("removed", subject, "is not there any more, with its whole history")

    def _explained(self, days: list[str]) -> Restore | None:
        """Return the restore that took away what was sealed on all of these days."""
        return next((restore for restore in self._restores if all(map(restore.explains, days))), None)

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
            begin = begin_of(self._since) if self._since else _EVER
            for version, moment in moments(document).items():
                if before and version > covered and begin <= moment < before:
                    yield Finding(
                        Kind.INSERTED, subject, f"entry {version} of {moment:%Y-%m-%d} was not there at the seal"
                    )
            yield from self._worth_knowing(subject, document)
        except _MALFORMED as error:
            yield Finding(Kind.CHANGED, subject, f"its history is malformed ({type(error).__name__}: {error})")

    def _worth_knowing(self, subject: str, document: Mapping[str, Any]) -> Iterator[Finding]:
        orders = orders_of(document)
        for part in erased_parts(document):
            if order := orders.get(part):
                text = f"{part}, by order of {order['actor']}: {order['reason']}"
                yield Finding("erased", subject, text, alarm=False)
            else:
                yield Finding("not ordered", subject, f"{part} was erased, and no order of it is on record")
        if document["_id"] == subject.removeprefix(f"{self._service} "):  # a name for an id: it was removed
            removal = [entry["action"] for entry in document["history"] if entry["action"] != ORDER][-1]
            yield Finding("deleted", subject, f"by the command {removal}", alarm=False)

    def _against_seals(self, subject: str, document: Mapping[str, Any], seals: list[list[Any]]) -> Iterator[Finding]:
        hashes = {link["version"]: link["hash"].hex() for link in document.get("chain", ())}
        whole = 0
        for day, version, digest in seals:
            if hashes.get(version) == digest:
                whole = version
            elif explained := self._explained([day]):
                yield Finding("restored", subject, f"entries from {whole + 1} to {version}: {explained}", alarm=False)
            elif version not in hashes:
                yield Finding(Kind.REMOVED, subject, f"entries from {whole + 1} to {version}, sealed on {day}")
            else:
                yield Finding(Kind.CHANGED, subject, f"among entries {whole + 1} to {version}, sealed on {day}")


def _remember(sealed: DiskMap, leaf: Leaf, day: str) -> None:
    row = json.loads(sealed.get(leaf.name) or json.dumps({"name": leaf.name, "seals": []}))
    row["seals"].append([day, leaf.version, leaf.hash])
    sealed[leaf.name] = json.dumps(row)


def _explained(kind: Kind, version: int) -> str:
    if kind is Kind.UNLINKED:
        return f"entry {version}: by an older version, if there was one at work (then: motcua audit adopt)"
    return f"entry {version}"
