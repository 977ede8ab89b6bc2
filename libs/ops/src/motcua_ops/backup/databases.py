"""Collections out of all databases at one moment, and back into them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import bson
from bson import json_util
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection

from motcua_ops.backup.manifest import FOLDER, CollectionDump, compressed, expanded
from motcua_ops.backup.references import versions_in
from motcua_ops.backup.snapshot import Client, Document, Snapshot
from motcua_ops.backup.storage import Storage, read_file, write_file
from motcua_ops.backup.suite import Part
from motcua_ops.errors import OpsError

Transform = Callable[[bytes], bytes | RawBSONDocument]

VALIDATION = ("validator", "validationLevel", "validationAction")
_LENGTH = 4
_BATCH_BYTES = 4 * 1024 * 1024


def collections_of(client: Client, part: Part) -> list[Document]:
    """Return what the server tells of the collections that a backup holds."""
    found = client[part.database].list_collections()
    return sorted((dict(one) for one in found if part.holds(one["name"])), key=lambda one: str(one["name"]))


def dump_collection(
    snapshot: Snapshot,
    client: Client,
    part: Part,
    about: Document,
    storage: Storage,
    backup: str,
    refer: Callable[[str, str], None],
) -> CollectionDump:
    """Copy a collection into a backup.

    Args:
        snapshot: the moment.
        client: for indexes.
        part: the service.
        about: the collection, as the server tells it.
        storage: where to.
        backup: id of the backup.
        refer: told of each version that a document names: `(version, resource)`.
    """
    name = about["name"]
    paths = part.object_versions.get(name, ())
    documents = size = 0

    def rows() -> Iterator[bytes]:
        nonlocal documents, size
        for document in () if name in part.volatile else snapshot.read(part.database, name):
            documents += 1
            size += len(document.raw)
            if paths:
                for version in versions_in(bson.decode(document.raw), paths):
                    refer(version, f"{part.service}/{name}/{document['_id']}")
            yield bytes(document.raw)

    file = write_file(storage, f"{FOLDER}/{backup}/{part.service}/{name}.bson.gz", compressed(rows()))
    return CollectionDump(
        service=part.service,
        name=name,
        file=file,
        documents=documents,
        size=size,
        options=_plain(about.get("options", {})),
        indexes=[_plain(index) for index in client[part.database][name].list_indexes()],
    )


def read_documents(storage: Storage, dump: CollectionDump) -> Iterator[bytes]:
    """Return the documents of a dump.

    Raises:
        OpsError: at its end, when its bytes were changed.
    """
    with read_file(storage, dump.file) as chunks:
        yield from split_documents(expanded(chunks, dump.file.name))


def split_documents(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return single documents out of BSON that stands one after the other."""
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        start = 0
        while len(rest) - start >= _LENGTH:
            end = start + int.from_bytes(rest[start : start + _LENGTH], "little")
            if end > len(rest):
                break
            yield bytes(rest[start:end])
            start = end
        del rest[:start]
    if rest:
        raise OpsError("a dump ends in the middle of a document")


def restore_collection(client: Client, part: Part, dump: CollectionDump, storage: Storage, change: Transform) -> int:
    """Make a collection as it was, with its options and indexes; return how many documents it has.

    Args:
        client: connected to the target.
        part: the service.
        dump: the collection, which must not be there.
        storage: where the backup is.
        change: makes the document to store of a dumped one.

    Raises:
        OpsError: the dump was changed, or not all documents arrived.
    """
    database = client[part.database]
    options = _typed(dump.options)
    # Put on at the end: to go round it while documents come in takes a right that users of services do not have.
    validation = {name: options.pop(name) for name in VALIDATION if name in options}
    target: Collection[Document] = database.create_collection(dump.name, **options)
    batch: list[Any] = []
    size = 0
    for raw in read_documents(storage, dump):
        batch.append(change(raw))
        size += len(raw)
        if size >= _BATCH_BYTES:
            target.insert_many(batch, ordered=False)
            batch, size = [], 0
    if batch:
        target.insert_many(batch, ordered=False)
    if wanted := [_typed(index) for index in dump.indexes if index["name"] != "_id_"]:
        database.command("createIndexes", dump.name, indexes=wanted)
    if validation:
        database.command("collMod", dump.name, **validation)
    count = target.count_documents({})
    if count != dump.documents:
        raise OpsError(f"{part.database}.{dump.name} has {count} documents after the restore, not {dump.documents}")
    return count


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json_util.dumps(value, json_options=json_util.RELAXED_JSON_OPTIONS))
    plain.pop("ns", None)  # older servers name the database in each index
    return plain


def _typed(value: dict[str, Any]) -> dict[str, Any]:
    typed: dict[str, Any] = json_util.loads(json.dumps(value))
    return typed
