"""`motcua backup`: all databases and buckets at one moment, while the suite works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

import click

from motcua_ops.backup.databases import collections_of, dump_collection
from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.manifest import (
    FOLDER,
    FORMAT,
    BucketDump,
    CollectionDump,
    Manifest,
    ObjectDump,
    finished,
    load,
    object_lines,
    read_objects,
    save,
)
from motcua_ops.backup.objects import Bucket, dump_objects
from motcua_ops.backup.options import Figures, parallel_option, say, store_options
from motcua_ops.backup.parallel import in_order
from motcua_ops.backup.prune import ID_FORMAT, prune
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.snapshot import Document, take_snapshot
from motcua_ops.backup.storage import Storage, StoredFile, open_storage, write_file
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import Part
from motcua_ops.errors import OpsError

STARTED = "started"
"""File that a backup begins with, so that one that was killed is seen."""


def take_backup(stores: Stores, storage: Storage, threads: int, told: Callable[[str], None] = say) -> Manifest:
    """Take a backup.

    Databases come first, at one moment; then the objects, which never change.

    Args:
        stores: of what.
        storage: where to.
        threads: how much is done at once.
        told: progress.

    Raises:
        OpsError: a service has no database yet, or the databases could not be held at one moment.
    """
    start_time = datetime.now(UTC)
    identity = start_time.strftime(ID_FORMAT)
    storage.write(f"{FOLDER}/{identity}/{STARTED}", [start_time.isoformat().encode()])
    with DiskMap() as referred, DiskMap() as known:
        with take_snapshot(stores.mongodb, stores.parts["identity"].database, threads) as snapshot:
            told(f"databases as of {snapshot.point:%Y-%m-%d %H:%M:%S.%f} UTC ({snapshot.kind})")
            work = [(part, about) for part in stores.parts.values() for about in _collections(stores, part)]
            lock = threading.Lock()

            def refer(object_version: str, resource: str) -> None:
                with lock:
                    referred[f"{resource.split('/', 1)[0]}/{object_version}"] = f"{resource}: {object_version}"

            def dump(item: tuple[Part, Document]) -> CollectionDump:
                part, about = item
                return dump_collection(snapshot, stores.mongodb, part, about, storage, identity, refer)

            collections = []
            for done in in_order(dump, work, snapshot.source.threads):
                told(f"{done.service}.{done.name}: {done.documents} documents, {done.size} bytes")
                collections.append(done)
        _remember_last(storage, known)
        buckets = [
            _dump_bucket(bucket, storage, identity, known, referred, threads, told)
            for bucket in stores.buckets.values()
        ]
        missing = list(referred.values())
    manifest = Manifest(
        format=FORMAT,
        id=identity,
        made_by=version("motcua-ops"),
        start_time=start_time,
        point=snapshot.point,
        finish_time=datetime.now(UTC),
        consistency=snapshot.kind,
        collections=collections,
        buckets=buckets,
        missing=missing,
    )
    save(storage, manifest)
    return manifest


def _collections(stores: Stores, part: Part) -> list[Document]:
    found = collections_of(stores.mongodb, part)
    if not found:
        raise OpsError(f"there is no database {part.database}; is it migrated, and MONGODB_URI the right server?")
    return found


def _remember_last(storage: Storage, known: DiskMap) -> None:
    """Note size and hash of what the last backup in this place has, so that it is not copied again."""
    if not finished(storage):
        return
    for bucket in load(storage).buckets:
        with read_objects(storage, bucket) as objects:
            for one in objects:
                known[one.file.name] = f"{one.file.size} {one.file.sha256}"


def _dump_bucket(
    bucket: Bucket,
    storage: Storage,
    backup: str,
    known: DiskMap,
    referred: DiskMap,
    threads: int,
    told: Callable[[str], None],
) -> BucketDump:
    count = size = 0

    def find(name: str) -> StoredFile | None:
        entry = known.get(name)
        return StoredFile(name, int(entry.split()[0]), entry.split()[1]) if entry else None

    def counted(one: ObjectDump) -> ObjectDump:
        nonlocal count, size
        count, size = count + 1, size + one.file.size
        return one

    objects = map(counted, dump_objects(bucket, storage, find, referred, threads))
    file = write_file(storage, f"{FOLDER}/{backup}/{bucket.service}/objects.jsonl.gz", object_lines(objects))
    told(f"{bucket.name}: {count} objects, {size} bytes")
    return BucketDump(bucket.service, file, count, size)


@click.command("backup")
@click.option(
    "--to", "place", required=True, help="Folder, or s3://bucket/prefix in the store that BACKUP_STORE_* name."
)
@click.option("--keep", type=click.IntRange(1), help="Delete all but so many finished backups afterwards.")
@parallel_option
@store_options
def command(place: str, keep: int | None, parts: dict[str, Part], parallel: int, settings: BackupSettings) -> None:
    """Back up all databases and buckets at one moment, while the suite works."""
    storage = open_storage(place, settings)
    figures = Figures()
    with open_stores(settings, parts) as stores:
        manifest = take_backup(stores, storage, parallel)
    if keep is not None:
        for gone in prune(storage, keep):
            say(f"deleted {gone}")
    figures.show(manifest)
    if manifest.missing:
        raise OpsError(
            f"the backup is finished; {len(manifest.missing)} documents name objects that the store does not have:\n"
            + "\n".join(manifest.missing[:20])
        )
