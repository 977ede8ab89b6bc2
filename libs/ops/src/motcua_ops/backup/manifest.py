"""What is in a backup. The manifest is written last: a backup without one was not finished."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import cattrs
from cattrs.preconf.json import make_converter

from motcua_ops.backup.storage import Storage, StoredFile, read_file
from motcua_ops.errors import OpsError

FORMAT = 1
FOLDER = "backups"
OBJECTS = "objects"
MANIFEST = "manifest.json"

Row = TypeVar("Row")
_converter = make_converter()


@dataclass(frozen=True)
class CollectionDump:
    """The documents of one collection, as BSON one after the other in the order of their ids, in gzip.

    Attributes:
        service: whose database it is of.
        name: of the collection.
        file: where they are.
        documents: how many.
        size: bytes of BSON.
        options: of the collection, as the server told them, in extended JSON.
        indexes: likewise.
    """

    service: str
    name: str
    file: StoredFile
    documents: int
    size: int
    options: dict[str, Any]
    indexes: list[dict[str, Any]]


@dataclass(frozen=True)
class BucketDump:
    """The objects of one bucket.

    Attributes:
        service: whose bucket it is.
        file: an `ObjectDump` in JSON a line, in gzip; versions of a key stand together, the newest first.
        objects: how many versions.
        size: bytes of all of them.
    """

    service: str
    file: StoredFile
    objects: int
    size: int


@dataclass(frozen=True)
class ObjectDump:
    """One version of an object.

    Attributes:
        key: name in the bucket.
        version: id that the store gave it.
        file: its bytes; backups in the same place share them.
        content_type: media type that the store tells.
        metadata: of whoever stored it.
        retain_until: until when nobody can delete it (mode COMPLIANCE).
        legal_hold: whether it is held beyond that.
    """

    key: str
    version: str
    file: StoredFile
    content_type: str
    metadata: dict[str, str]
    retain_until: datetime | None
    legal_hold: bool


@dataclass(frozen=True)
class Manifest:
    """One backup.

    Attributes:
        format: of the backup; older ones are read, newer ones refused.
        id: names the backup; backups sort by it.
        made_by: version of the program that took it.
        start_time: when it began.
        point: moment of the databases that it shows: everything acknowledged before is in it.
        finish_time: when it ended.
        consistency: how the databases were held at that moment: `snapshot` or `transaction`.
        missing: versions that documents name and the bucket does not have: `service/collection/id: version`.
    """

    format: int
    id: str
    made_by: str
    start_time: datetime
    point: datetime
    finish_time: datetime
    consistency: str
    collections: list[CollectionDump]
    buckets: list[BucketDump]
    missing: list[str] = field(default_factory=list)

    @property
    def documents(self) -> int:
        """Documents in all collections."""
        return sum(dump.documents for dump in self.collections)

    @property
    def objects(self) -> int:
        """Versions of objects in all buckets."""
        return sum(dump.objects for dump in self.buckets)

    @property
    def size(self) -> int:
        """Bytes of all documents and objects."""
        return sum(dump.size for dump in self.collections) + sum(dump.size for dump in self.buckets)


def finished(storage: Storage) -> list[str]:
    """Return the ids of the finished backups in a place, oldest first."""
    names = (name.split("/") for name in storage.names(FOLDER))
    return sorted(parts[1] for parts in names if parts[2:] == [MANIFEST])


def save(storage: Storage, manifest: Manifest) -> None:
    """Write the manifest: with it the backup is finished."""
    text = json.dumps(_converter.unstructure(manifest), ensure_ascii=False, indent=1)
    storage.write(f"{FOLDER}/{manifest.id}/{MANIFEST}", [text.encode()])


def load(storage: Storage, identity: str = "") -> Manifest:
    """Read the manifest of a backup, of the latest finished one unless one is named.

    Raises:
        OpsError: there is none, it was not finished, or a newer program has made it.
    """
    if not identity:
        there = finished(storage)
        if not there:
            raise OpsError("there is no finished backup in this place")
        identity = there[-1]
    try:
        with storage.read(f"{FOLDER}/{identity}/{MANIFEST}") as chunks:
            data = json.loads(b"".join(chunks))
    except FileNotFoundError:
        if any(storage.names(f"{FOLDER}/{identity}")):
            raise OpsError(f"backup {identity} was not finished: it has no manifest; use another one") from None
        raise OpsError(f"there is no backup {identity}; there are: {', '.join(finished(storage)) or 'none'}") from None
    except json.JSONDecodeError as error:
        raise OpsError(f"the manifest of backup {identity} is damaged: {error}") from error
    if data.get("format", 0) > FORMAT:
        raise OpsError(
            f"backup {identity} has format {data['format']}, this program ({FORMAT}) is older than the one that took "
            f"it ({data.get('made_by', '?')}); use that one's image"
        )
    try:
        return _converter.structure(data, Manifest)
    except cattrs.BaseValidationError as error:
        raise OpsError(f"the manifest of backup {identity} is damaged: {error}") from error


def compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return chunks in gzip."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


def expanded(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Return what is in the gzip file of this name.

    Raises:
        OpsError: it is not gzip.
    """
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            yield unpacker.decompress(chunk)
    except zlib.error as error:
        raise OpsError(f"{name} was changed since it was written: {error}") from error


def object_lines(objects: Iterable[ObjectDump]) -> Iterator[bytes]:
    """Return the list of objects as it is stored."""
    lines = (json.dumps(_converter.unstructure(one), ensure_ascii=False).encode() + b"\n" for one in objects)
    return compressed(lines)


@contextmanager
def read_objects(storage: Storage, dump: BucketDump) -> Iterator[Iterator[ObjectDump]]:
    """Open the list of objects of a bucket.

    Raises:
        OpsError: it is missing or was changed.
    """
    with read_file(storage, dump.file) as chunks:
        yield (_converter.structure(json.loads(line), ObjectDump) for line in _lines(expanded(chunks, dump.file.name)))


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
