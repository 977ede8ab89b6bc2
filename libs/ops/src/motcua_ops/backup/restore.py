"""`motcua restore`: databases and buckets as they were in a backup."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import bson
import click
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from motcua_kit.events import sent
from motcua_kit.lease import MongoLease
from motcua_kit.store import Store
from motcua_kit.store.migrations import JOURNAL
from motcua_ops.backup.databases import Transform, read_documents, restore_collection
from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.manifest import CollectionDump, Manifest, load, read_objects
from motcua_ops.backup.objects import ObjectRestore
from motcua_ops.backup.options import Figures, backup_option, say, store_options
from motcua_ops.backup.references import replace_versions
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.snapshot import Document
from motcua_ops.backup.storage import Storage, open_storage
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import Part
from motcua_ops.backup.verify import refuse_damaged
from motcua_ops.errors import OpsError

REPLAYS = "replays"
"""Collection of events that are sent again; the relay takes them like any others."""

REPLAY_BATCH = 100
_AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)
LEASES = ("migrations", "relay")
LEASE_PATIENCE = 15.0
"""Seconds to wait for a lease: longer than a dead holder keeps it."""


def restore_backup(
    stores: Stores,
    storage: Storage,
    manifest: Manifest,
    *,
    replace: bool = False,
    replay_since: timedelta = timedelta(hours=24),
    retention: bool = True,
    threads: int = 4,
    told: Callable[[str], None] = say,
) -> None:
    """Restore a backup.

    The journal of migrations comes last in each database: before it is there, services take their schema for old and
    do not start.

    Args:
        stores: where to.
        storage: where from.
        manifest: what.
        replace: empty databases that are not empty; objects are never deleted, only hidden.
        replay_since: events that were sent within this time before the backup are sent again.
        retention: protect documents again that nobody could delete; not wanted in a drill.
        threads: how much is done at once.
        told: progress.

    Raises:
        OpsError: the target is not empty, or still at work; a file was changed.
    """
    if not replace:
        _refuse_occupied(stores)
    with _alone(stores) as lost, DiskMap() as new_versions:
        _empty(stores)
        for bucket in manifest.buckets:
            stores.ensure_bucket(bucket.service)
            restore = ObjectRestore(stores.buckets[bucket.service], storage, retention=retention)
            with read_objects(storage, bucket) as objects:
                count = sum(1 for _ in restore.run(objects, new_versions, threads))
            told(f"{stores.parts[bucket.service].bucket}: {count} objects")
        for dump in sorted(manifest.collections, key=lambda one: one.name == JOURNAL):
            if dump.name == JOURNAL:
                if any(lease.is_set() for lease in lost):
                    raise OpsError(
                        "the databases stood still for so long that others may have begun to work; try again"
                    )
                _replay(stores, storage, manifest, dump.service, replay_since, told)
            part = stores.parts[dump.service]
            count = restore_collection(stores.mongodb, part, dump, storage, _change(part, dump, new_versions))
            told(f"{part.database}.{dump.name}: {count} documents")


def _refuse_occupied(stores: Stores) -> None:
    occupied = [
        f"{part.database}.{name}"
        for part in stores.parts.values()
        for name in stores.mongodb[part.database].list_collection_names()
        if part.holds(name) and stores.mongodb[part.database][name].find_one({}, {"_id": 1})
    ]
    if occupied:
        raise OpsError(
            f"the target is not empty: {', '.join(occupied)}. To put the backup in the place of what is there, "
            "stop the services and say --replace; to look at it beside the live data, say --database-prefix and "
            "--bucket-prefix"
        )


@contextmanager
def _alone(stores: Stores) -> Iterator[list[threading.Event]]:
    """Hold the leases of all databases, so that no migration and no relay starts meanwhile.

    Yields:
        Events that are set when a lease was lost.

    Raises:
        OpsError: somebody is at work there.
    """
    held: list[threading.Event] = []
    with ExitStack() as stack:
        for part in stores.parts.values():
            store = Store(stores.settings.mongodb_uri.get_secret_value(), part.database, "motcua-restore")
            stack.callback(store.close)
            for name in LEASES:
                impatient = threading.Event()
                timer = threading.Timer(LEASE_PATIENCE, impatient.set)
                timer.start()
                lost = stack.enter_context(MongoLease(store, name).hold(impatient))
                timer.cancel()
                held.append(lost)
                if lost.is_set():
                    raise OpsError(
                        f"{part.database}: somebody holds the lease `{name}`; stop the services first: kubectl scale "
                        "deployment -l app.kubernetes.io/name=motcua,motcua.io/service --replicas=0"
                    )
        yield held


def _empty(stores: Stores) -> None:
    for part in stores.parts.values():
        database = stores.mongodb[part.database]
        database.drop_collection(JOURNAL)  # first: from here on services take the schema for old
        for name in database.list_collection_names():
            if part.holds(name):
                database.drop_collection(name)


def _change(part: Part, dump: CollectionDump, new_versions: DiskMap) -> Transform:
    paths = part.object_versions.get(dump.name, ())
    if not paths:
        return RawBSONDocument

    def new(version: str) -> str:
        return new_versions.get(f"{part.service}/{version}") or version

    def change(raw: bytes) -> bytes | RawBSONDocument:
        document = bson.decode(raw)
        replace_versions(document, paths, new)
        return RawBSONDocument(bson.encode(document))

    return change


def _replay(
    stores: Stores,
    storage: Storage,
    manifest: Manifest,
    service: str,
    since: timedelta,
    told: Callable[[str], None],
) -> None:
    """Give the relay again what it had sent shortly before the backup: the broker may have lost it on the way.

    Handlers know an event that they have seen, so whatever was done is not done again.
    """
    begin = manifest.point - since
    dump = next((one for one in manifest.collections if (one.service, one.name) == (service, sent.COLLECTION)), None)
    rows = (bson.decode(raw, _AWARE) for raw in (read_documents(storage, dump) if dump else ()))
    recent = sorted((row for row in rows if row["sent_time"] >= begin), key=lambda row: row["sent_time"])
    replays: list[Document] = [
        {
            "_id": f"{manifest.id}/{start}",
            "version": 1,
            "pending": True,
            "outbox": [row["event"] for row in recent[start : start + REPLAY_BATCH]],
        }
        for start in range(0, len(recent), REPLAY_BATCH)
    ]
    if replays:
        stores.mongodb[stores.parts[service].database][REPLAYS].insert_many(replays)
    told(f"{service}: {len(recent)} events sent since {begin:%Y-%m-%d %H:%M} UTC will be sent again")


@click.command("restore")
@backup_option
@click.option("--replace", is_flag=True, help="Empty the databases first; objects are hidden, never deleted.")
@click.option(
    "--replay-hours",
    type=click.FloatRange(0),
    default=24.0,
    show_default=True,
    help="Send events again that were sent so long before the backup: the broker is not in it.",
)
@click.option("--skip-verify", is_flag=True, help="Do not read the backup once before it is restored.")
@click.option("--without-retention", is_flag=True, help="For a drill: protect no restored object from being deleted.")
@store_options
def command(
    place: str,
    identity: str,
    *,
    replace: bool,
    replay_hours: float,
    skip_verify: bool,
    without_retention: bool,
    parts: dict[str, Part],
    parallel: int,
    settings: BackupSettings,
) -> None:
    """Put databases and buckets back as they were in a backup. The services must be stopped."""
    storage = open_storage(place, settings)
    manifest = load(storage, identity)
    figures = Figures()
    if not skip_verify:
        refuse_damaged(storage, manifest, parallel)
        say(f"backup {manifest.id} is whole")
    with open_stores(settings, parts) as stores:
        restore_backup(
            stores,
            storage,
            manifest,
            replace=replace,
            replay_since=timedelta(hours=replay_hours),
            retention=not without_retention,
            threads=parallel,
        )
    figures.show(manifest)
