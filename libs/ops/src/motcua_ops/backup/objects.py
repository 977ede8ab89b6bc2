"""Objects out of a bucket, and back into one that may give them new versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby

from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.datatypes import Object
from minio.error import S3Error
from minio.retention import Retention

from motcua_kit.objects import CHUNK
from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.manifest import OBJECTS, ObjectDump
from motcua_ops.backup.parallel import in_order
from motcua_ops.backup.storage import Digest, Storage, StoredFile, Stream, read_file, write_file
from motcua_ops.errors import OpsError

ORIGIN = "motcua-restored-from"
"""Metadata of what was restored: the version that it had. So a second try takes what the first has brought back."""

NO_VERSION = "null"
"""Version id of what was stored before the bucket had versions."""

_META = "x-amz-meta-"

ABSENT = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchVersion", "NoSuchBucket"})
"""Answers of a store that mean that an object is not there."""


@dataclass(frozen=True)
class Bucket:
    """A bucket of a service.

    Attributes:
        client: of the store.
        service: whose it is.
        name: of the bucket.
    """

    client: Minio
    service: str
    name: str

    def versions(self, prefix: str = "") -> Iterator[Object]:
        """Return all versions that hold bytes; those of one key stand together, the newest first."""
        listed = self.client.list_objects(self.name, prefix=prefix or None, recursive=True, include_version=True)
        return (item for item in listed if not item.is_delete_marker)


def sha256_of(bucket: Bucket, key: str, version: str) -> str | None:
    """Read an object and return its hash, 64 hex digits; None when it is not there.

    Args:
        bucket: where it is.
        key: its key.
        version: its version; empty for the latest.
    """
    digest = sha256()
    try:
        response = bucket.client.get_object(bucket.name, key, version_id=version or None)
    except S3Error as error:
        if error.code in ABSENT:
            return None
        raise
    try:
        for chunk in response.stream(CHUNK):
            digest.update(chunk)
    finally:
        response.close()
        response.release_conn()
    return digest.hexdigest()


def is_latest(item: Object) -> bool:
    """Tell whether a listed version is the one that its key stands for."""
    return str(item.is_latest).lower() == "true"  # the library hands on the word of the answer


def file_name(service: str, key: str, version: str) -> str:
    """Return where a version of an object is kept: known before it is read, the same in all backups of a place."""
    digest = sha256(f"{key}\0{version}".encode()).hexdigest()
    return f"{OBJECTS}/{service}/{digest[:2]}/{digest}"


def dump_objects(
    bucket: Bucket, storage: Storage, known: Callable[[str], StoredFile | None], referred: DiskMap, threads: int
) -> Iterator[ObjectDump]:
    """Copy the objects of a bucket that are not copied yet, and return all that belong into the backup.

    These are the latest version of each key, and whichever versions documents name. Versions never change, and none
    that a document names is ever deleted, so it does no harm that this comes after the databases. What nobody names may
    be deleted meanwhile; then it is left out.

    Args:
        bucket: where from.
        storage: where to.
        known: returns what the last backup has under a name.
        referred: `service/version` that documents name; those that are found are taken out.
        threads: copies at once.
    """

    def copy(wanted: tuple[Object, str | None]) -> ObjectDump | None:
        item, named_by = wanted
        key, version = item.object_name or "", item.version_id or ""
        name = file_name(bucket.service, key, version)
        file = known(name)
        try:
            if file is None or storage.size(name) != file.size:
                file = _copy(bucket, item, storage, name)
            return _described(bucket, key, version, file)
        except S3Error as error:
            if named_by is None and error.code in ABSENT:
                return None
            raise

    listed = ((item, referred.pop(f"{bucket.service}/{item.version_id}")) for item in bucket.versions())
    wanted = ((item, named_by) for item, named_by in listed if named_by is not None or is_latest(item))
    return (dump for dump in in_order(copy, wanted, threads) if dump is not None)


def _copy(bucket: Bucket, item: Object, storage: Storage, name: str) -> StoredFile:
    if storage.size(name) == item.size:  # by a backup that was not finished
        digest = Digest()
        with storage.read(name) as chunks:
            for _ in digest.of(chunks):
                pass
        return StoredFile(name, digest.size, digest.sha256)
    response = bucket.client.get_object(bucket.name, item.object_name or "", version_id=item.version_id)
    try:
        return write_file(storage, name, response.stream(CHUNK))
    finally:
        response.close()
        response.release_conn()


def _described(bucket: Bucket, key: str, version: str, file: StoredFile) -> ObjectDump:
    found = bucket.client.stat_object(bucket.name, key, version_id=version)
    headers = {name.lower(): value for name, value in (found.metadata or {}).items()}
    until = headers.get("x-amz-object-lock-retain-until-date", "")
    return ObjectDump(
        key=key,
        version=version,
        file=file,
        content_type=found.content_type or "",
        metadata=_metadata(headers),
        retain_until=datetime.fromisoformat(until) if until else None,
        legal_hold=headers.get("x-amz-object-lock-legal-hold", "").upper() == "ON",
    )


def _metadata(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(_META): value for name, value in headers.items() if name.startswith(_META)}


@dataclass(frozen=True)
class ObjectRestore:
    """Brings objects of one bucket back.

    Attributes:
        bucket: where to; it is there.
        storage: where the backup is.
        retention: whether what nobody could delete shall be so again.
    """

    bucket: Bucket
    storage: Storage
    retention: bool = True

    def run(self, dumps: Iterator[ObjectDump], new_versions: DiskMap, threads: int) -> Iterator[ObjectDump]:
        """Restore objects; note `service/version` → new version of each; return them as they are done.

        What the bucket still has is left as it is. What it has besides is hidden by a delete marker: to the databases
        of the backup it has not happened yet.
        """
        occupied = next(self.bucket.versions(), None) is not None

        def bring_back(versions: list[ObjectDump]) -> list[ObjectDump]:
            there = list(self.bucket.versions(versions[0].key)) if occupied else []
            mine = [item for item in there if item.object_name == versions[0].key]
            for dump in reversed(versions):  # the oldest first, so that the latest is the latest again
                new = self._found(dump, mine, latest=dump is versions[0]) or self._put(dump)
                new_versions[f"{self.bucket.service}/{dump.version}"] = new
            return versions

        with DiskMap() as keys:
            groups = (list(group) for _, group in groupby(dumps, key=lambda dump: dump.key))
            for versions in in_order(bring_back, groups, threads):
                keys[versions[0].key] = ""
                yield from versions
            if occupied:
                self._hide_others(keys)

    def _found(self, dump: ObjectDump, there: list[Object], *, latest: bool) -> str | None:
        """Return the version under which the bucket has an object already; the latest must be the latest there."""
        for item in there:
            if item.size != dump.file.size or (latest and not is_latest(item)):
                continue
            same = item.version_id == dump.version and dump.version != NO_VERSION
            if same or self._origin(item) == dump.version:
                return item.version_id
        return None

    def _origin(self, item: Object) -> str:
        found = self.bucket.client.stat_object(self.bucket.name, item.object_name or "", version_id=item.version_id)
        headers = {name.lower(): value for name, value in (found.metadata or {}).items()}
        return headers.get(_META + ORIGIN, "")

    def _put(self, dump: ObjectDump) -> str:
        until = dump.retain_until if self.retention else None
        with read_file(self.storage, dump.file) as chunks:
            written = self.bucket.client.put_object(
                self.bucket.name,
                dump.key,
                Stream(chunks),  # type: ignore[arg-type] # read() is all it uses
                dump.file.size,
                dump.content_type or "application/octet-stream",
                metadata={**dump.metadata, ORIGIN: dump.version},
                retention=Retention(COMPLIANCE, until) if until and until > datetime.now(UTC) else None,
                legal_hold=dump.legal_hold and self.retention,
            )
            if next(chunks, b""):
                raise OpsError(f"{dump.file.name} is longer than it was")
        return written.version_id or ""

    def _hide_others(self, keys: DiskMap) -> None:
        for item in self.bucket.versions():
            if is_latest(item) and (item.object_name or "") not in keys:
                self.bucket.client.remove_object(self.bucket.name, item.object_name or "")
