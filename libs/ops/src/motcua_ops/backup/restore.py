"""`motcua restore`: databases and buckets as they were in a backup."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import bson
import click
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from motcua_kit.events import sent
from motcua_kit.store.migrations import JOURNAL
from motcua_ops.backup.alone import alone
from motcua_ops.backup.databases import Transform, read_documents, restore_collection
from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.manifest import CollectionDump, Manifest, load, read_objects
from motcua_ops.backup.objects import ObjectRestore
from motcua_ops.backup.options import Figures, backup_option, parallel_option, say, store_options
from motcua_ops.backup.references import replace_versions
from motcua_ops.backup.resend import resend, sent_order
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.snapshot import Document
from motcua_ops.backup.storage import Storage, open_storage
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import Part
from motcua_ops.backup.verify import refuse_damaged
from motcua_ops.errors import OpsError

_AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)


def restore_backup(
    stores: Stores,
    storage: Storage,
    manifest: Manifest,
    *,
    replace: bool = False,
    resend_since: timedelta = timedelta(hours=24),
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
        resend_since: events that were sent within this time before the backup are sent again.
        retention: protect documents again that nobody could delete; not wanted in a drill.
        threads: how much is done at once.
        told: progress.

    Raises:
        OpsError: the target is not empty, or still at work; a file was changed.
    """

    def restore_collections(dumps: Iterable[CollectionDump], new_versions: DiskMap) -> None:
        for dump in dumps:
            part = stores.parts[dump.service]
            count = restore_collection(stores.mongodb, part, dump, storage, _change(part, dump, new_versions))
            told(f"{part.database}.{dump.name}: {count} documents")

    if not replace:
        _refuse_occupied(stores)
    with alone(stores) as others, DiskMap() as new_versions:
        _empty(stores)
        for bucket in manifest.buckets:
            stores.ensure_bucket(bucket.service)
            restore = ObjectRestore(stores.buckets[bucket.service], storage, retention=retention)
            with read_objects(storage, bucket) as objects:
                count = sum(1 for _ in restore.run(objects, new_versions, threads))
            told(f"{stores.parts[bucket.service].bucket}: {count} objects")
        journals = [dump for dump in manifest.collections if dump.name == JOURNAL]
        restore_collections((dump for dump in manifest.collections if dump.name != JOURNAL), new_versions)
        for dump in manifest.collections:
            if dump.name == sent.COLLECTION:
                resent = resend(stores, dump.service, _sent(storage, dump, manifest.point - resend_since))
                told(f"{dump.service}: {resent} events are sent again")
        others.check()
        restore_collections(journals, new_versions)


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


def _sent(storage: Storage, dump: CollectionDump, begin: datetime) -> list[Document]:
    """Events of a dump, as their index would soon forget those of an old backup."""
    rows = (bson.decode(raw, _AWARE) for raw in read_documents(storage, dump))
    recent = (row for row in rows if row["sent_time"] >= begin)
    return [row["event"] for row in sorted(recent, key=sent_order)]


@click.command("restore")
@backup_option
@click.option("--replace", is_flag=True, help="Empty the databases first; objects are hidden, never deleted.")
@click.option(
    "--resend-hours",
    type=click.FloatRange(0),
    default=24.0,
    show_default=True,
    help="Send events again that were sent so long before the backup: the broker is not in it.",
)
@click.option("--skip-verify", is_flag=True, help="Do not read the backup once before it is restored.")
@click.option("--without-retention", is_flag=True, help="For a drill: protect no restored object from being deleted.")
@parallel_option
@store_options
def command(
    place: str,
    identity: str,
    *,
    replace: bool,
    resend_hours: float,
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
            resend_since=timedelta(hours=resend_hours),
            retention=not without_retention,
            threads=parallel,
        )
    figures.show(manifest)
