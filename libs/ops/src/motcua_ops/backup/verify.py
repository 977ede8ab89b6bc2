"""`motcua verify-backup`: is every byte of a backup what was written?"""

from __future__ import annotations

from collections.abc import Iterator

import click

from motcua_ops.backup.databases import read_documents
from motcua_ops.backup.manifest import BucketDump, CollectionDump, Manifest, ObjectDump, load, read_objects
from motcua_ops.backup.options import Figures, backup_argument, failures_in_a_line, parallel_option
from motcua_ops.backup.parallel import in_order
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.storage import Storage, open_storage, read_file
from motcua_ops.errors import OpsError


def problems_of(storage: Storage, manifest: Manifest, threads: int) -> Iterator[str]:
    """Read all files of a backup and return what is wrong with them."""
    for collection in manifest.collections:
        yield from _problems_of_collection(storage, collection)
    for bucket in manifest.buckets:
        yield from _problems_of_bucket(storage, bucket, threads)


def _problems_of_collection(storage: Storage, dump: CollectionDump) -> Iterator[str]:
    try:
        count = sum(1 for _ in read_documents(storage, dump))
    except OpsError as error:
        yield error.message
        return
    if count != dump.documents:
        yield f"{dump.file.name} has {count} documents, the manifest says {dump.documents}"


def _problems_of_bucket(storage: Storage, dump: BucketDump, threads: int) -> Iterator[str]:
    def problem(one: ObjectDump) -> str:
        try:
            with read_file(storage, one.file) as chunks:
                for _ in chunks:
                    pass
        except OpsError as error:
            return f"{dump.service} {one.key}: {error.message}"
        return ""

    try:
        with read_objects(storage, dump) as objects:
            yield from filter(None, in_order(problem, objects, threads))
    except OpsError as error:
        yield error.message


def refuse_damaged(storage: Storage, manifest: Manifest, threads: int) -> None:
    """Read all files of a backup.

    Raises:
        OpsError: some are not what was written; names all of them.
    """
    if problems := list(problems_of(storage, manifest, threads)):
        raise OpsError(f"backup {manifest.id} is damaged:\n" + "\n".join(problems))


@click.command("verify-backup")
@backup_argument
@parallel_option
@failures_in_a_line
def command(place: str, identity: str, parallel: int) -> None:
    """Read a whole backup, hash by hash; exit 1 when a byte of it was changed."""
    storage = open_storage(place, BackupSettings.load())
    figures = Figures()
    manifest = load(storage, identity)
    refuse_damaged(storage, manifest, parallel)
    figures.show(manifest)
