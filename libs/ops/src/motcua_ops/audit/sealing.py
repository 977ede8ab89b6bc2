"""Making seals."""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, cast

from motcua_kit.documents.statements import sign_statement
from motcua_kit.lease import MongoLease
from motcua_kit.store import Store
from motcua_kit.store.chain import Head, extend
from motcua_ops.audit.archive import Archive
from motcua_ops.audit.leaves import leaves_of, name_of, sealed_collections
from motcua_ops.audit.merkle import Tree
from motcua_ops.audit.restores import days_sealed_anew
from motcua_ops.audit.seals import KIND, Seal, last_seal, seal_key
from motcua_ops.audit.stated import now
from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.options import say
from motcua_ops.errors import OpsError

if TYPE_CHECKING:
    from motcua_kit.documents.sign import KeySource

_SPOOL = 8 * 1024 * 1024


def seal_service(
    store: Store, archive: Archive, service: str, key: KeySource, today: date, told: Callable[[str], None] = say
) -> list[Seal]:
    """Seal all days of a service that are over and not sealed yet; return the new seals.

    One process at a time, by a lease in the service's database. One that is killed leaves at most a file of leaves that
    no seal names; the next makes the same again.

    Args:
        store: the service's database.
        archive: keeps the seals.
        service: name of the service.
        key: signs.
        today: the first day that is not over.
        told: progress.

    Raises:
        OpsError: another process took over.
        StatementError: the last seal is altered.
    """
    made: list[Seal] = []
    with MongoLease(store, "audit_seal").hold() as lost:
        before = last_seal(archive, service)
        last = before.seal if before else None
        if last is None:
            adopt(store, told)
        anew = days_sealed_anew(archive, service)
        day = date.fromisoformat(last.day) + timedelta(days=1) if last else today - timedelta(days=1)
        while day < today:
            if lost.is_set():
                raise OpsError(f"{service}: the lease was lost; run it again")
            last = _seal_day(store, archive, service, key, day, last, whole=last is None or day.isoformat() in anew)
            told(f"{service} {day}: {last.leaves} aggregates, root {last.root[:16]}…")
            made.append(last)
            day += timedelta(days=1)
    return made


def _seal_day(
    store: Store, archive: Archive, service: str, key: KeySource, day: date, before: Seal | None, *, whole: bool
) -> Seal:
    collections = sealed_collections(store)
    with DiskMap() as leaves, tempfile.SpooledTemporaryFile(_SPOOL) as file:
        for leaf in leaves_of(store, collections, day, whole=whole):
            leaves[leaf.name] = leaf.line.decode()
        tree = Tree()
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as compressed:
            for line in leaves.values():
                tree.append(line.encode())
                compressed.write(line.encode() + b"\n")
        seal = Seal(
            service=service,
            day=day.isoformat(),
            sealed_time=now(),
            previous_day=before.day if before else "",
            previous=before.digest if before else "",
            collections=collections,
            leaves=tree.size,
            root=tree.close().hex(),
        )
        size = file.tell()
        file.seek(0)
        archive.put(seal.leaves_key, cast("io.IOBase", file), size, "application/gzip")
    text = sign_statement(seal.payload, key, KIND).encode()
    archive.put(seal_key(service, seal.day), io.BytesIO(text), len(text), "application/jose")
    return seal


def adopt(store: Store, told: Callable[[str], None] = say) -> int:
    """Link the entries that an older version wrote without, marked with the time of it; return how many aggregates.

    A change by somebody else at the same time wins: its own write has linked them then.
    """
    time, adopted = datetime.now(UTC), 0
    for collection in sealed_collections(store):
        documents = store.collection(collection)
        for known in documents.find({}, {"version": 1, "chain_head": 1}):
            head = Head.of(known)
            if head.length >= known["version"]:
                continue
            unchanged = {"_id": known["_id"], "version": known["version"]}
            document = documents.find_one(unchanged, {"history": 1, "chain_head": 1}) or {"history": []}
            if Head.of(document) != head:
                continue
            entries = [entry for entry in document["history"] if entry["version"] > head.length]
            links, new = extend(name_of(collection, known["_id"]), head, entries, adopted=time)
            linked = {"$set": {"chain_head": asdict(new)}, "$push": {"chain": {"$each": links}}}
            unchanged |= {"chain_head.length": head.length} if head.length else {"chain_head": {"$exists": False}}
            adopted += documents.update_one(unchanged, linked).matched_count
        told(f"{collection}: {adopted} adopted")
    return adopted
