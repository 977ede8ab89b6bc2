"""`motcua verify-restore`: is what the stores have now what a backup has?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import bson
import click

from motcua_kit.events import sent
from motcua_ops.backup.databases import read_documents
from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.manifest import CollectionDump, Manifest, ObjectDump, load, read_objects
from motcua_ops.backup.objects import Bucket, sha256_of
from motcua_ops.backup.options import Figures, backup_argument, parallel_option, store_options
from motcua_ops.backup.parallel import in_order
from motcua_ops.backup.references import replace_versions, versions_in
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.snapshot import Document
from motcua_ops.backup.storage import Storage, open_storage
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import Part
from motcua_ops.errors import OpsError

MOVING = ("outbox", "pending")
"""Fields that the relay changes as soon as it runs; they say nothing about what a document holds."""

NOBODY = "nobody"
"""Stands for a version that no document names any more, which was told of the document already."""

BATCH = 500
"""Documents that are compared at once."""

SHOWN = 50
"""Differences that are printed."""


def differences(stores: Stores, storage: Storage, manifest: Manifest, threads: int) -> Iterator[str]:
    """Return what the stores lack, or have otherwise than the backup; what they have besides is none.

    Every document is compared, and every object by its hash: through the version that documents name now where
    documents name one, else the latest of its key.
    """
    with DiskMap() as named:
        for dump in manifest.collections:
            if dump.name != sent.COLLECTION:
                yield from _differences_of_collection(stores, storage, dump, named)
        for bucket in manifest.buckets:
            live = stores.buckets[bucket.service]

            def difference(one: ObjectDump, live: Bucket = live) -> str:
                return _difference_of_object(live, one, named.get(f"{live.service}/{one.version}") or "")

            with read_objects(storage, bucket) as objects:
                yield from filter(None, in_order(difference, objects, threads))


def _differences_of_collection(stores: Stores, storage: Storage, dump: CollectionDump, named: DiskMap) -> Iterator[str]:
    """Compare the documents of a collection; note which version stands for each of the backup now."""
    part = stores.parts[dump.service]
    place = f"{part.database}.{dump.name}"
    collection = stores.mongodb[part.database][dump.name]
    forgets = any("expireAfterSeconds" in index for index in dump.indexes)
    paths = part.object_versions.get(dump.name, ())
    documents = (bson.decode(raw) for raw in read_documents(storage, dump))
    while batch := list(islice(documents, BATCH)):
        live = {_key(one): one for one in collection.find({"_id": {"$in": [one["_id"] for one in batch]}})}
        for document in batch:
            identity, old = document["_id"], versions_in(document, paths)
            other = live.get(_key(document))
            if other is None and not forgets:
                yield f"{place} {identity}: missing"
            if other is None:
                for version in old:
                    named.setdefault(f"{part.service}/{version}", NOBODY)
                continue
            new = versions_in(other, paths)
            if _content(document, paths) != _content(other, paths):
                yield f"{place} {identity}: differs"
            for before, after in zip(old, new, strict=False):
                if named.setdefault(f"{part.service}/{before}", after) not in (after, NOBODY):
                    yield f"{place} {identity}: names another version than others do"


def _key(document: Document) -> bytes:
    return bson.encode({"": document["_id"]})


def _content(document: Document, paths: Sequence[str]) -> Document:
    for name in MOVING:
        document.pop(name, None)
    replace_versions(document, paths, lambda _: "named")
    return document


def _difference_of_object(bucket: Bucket, one: ObjectDump, version: str) -> str:
    if version == NOBODY:
        return ""
    place = f"{bucket.name} {one.key}"
    found = sha256_of(bucket, one.key, version)
    if found is None:
        return f"{place}: missing"
    return "" if found == one.file.sha256 else f"{place}: differs"


@click.command("verify-restore")
@backup_argument
@parallel_option
@store_options
def command(place: str, identity: str, parts: dict[str, Part], parallel: int, settings: BackupSettings) -> None:
    """Compare the stores with a backup, document by document and hash by hash; exit 1 when something differs."""
    storage = open_storage(place, settings)
    manifest = load(storage, identity)
    figures = Figures()
    with open_stores(settings, parts) as stores:
        found = list(differences(stores, storage, manifest, parallel))
    if found:
        raise OpsError(f"{len(found)} differences:\n" + "\n".join(found[:SHOWN]))
    figures.show(manifest)
