"""Old backups go; what a younger one shares with them stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.manifest import FOLDER, MANIFEST, OBJECTS, finished, load, read_objects
from motcua_ops.backup.options import say
from motcua_ops.backup.storage import Storage

ABANDONED = timedelta(days=1)
"""A backup that has not finished after this time was killed."""

ID_FORMAT = "%Y%m%dT%H%M%S%fZ"


def prune(storage: Storage, keep: int) -> Iterator[str]:
    """Delete all but the latest finished backups and whatever only the others needed; return the ids that went.

    Nothing is deleted while another backup seems to be under way in the same place: it may count on what would go.
    """
    done = finished(storage)
    kept = set(done[-keep:])
    unfinished = {name.split("/")[1] for name in storage.names(FOLDER)} - set(done)
    if running := [one for one in unfinished if _age(one) < ABANDONED]:
        say(f"nothing is deleted: {', '.join(sorted(running))} is under way, or was killed within the last day")
        return
    for identity in sorted((set(done) | unfinished) - kept):
        storage.delete(f"{FOLDER}/{identity}/{MANIFEST}")  # first, so that no half of a backup looks whole
        for name in list(storage.names(f"{FOLDER}/{identity}")):
            storage.delete(name)
        yield identity
    _sweep(storage, kept)


def _sweep(storage: Storage, kept: set[str]) -> None:
    with DiskMap() as needed:
        for identity in kept:
            for bucket in load(storage, identity).buckets:
                with read_objects(storage, bucket) as objects:
                    for one in objects:
                        needed[one.file.name] = ""
        for name in list(storage.names(OBJECTS)):
            if name not in needed:
                storage.delete(name)


def _age(identity: str) -> timedelta:
    return datetime.now(UTC) - datetime.strptime(identity, ID_FORMAT).replace(tzinfo=UTC)
