"""Where backups are kept: a folder, or a prefix in an S3 bucket. Files appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from minio import Minio
from minio.error import S3Error

from motcua_kit.objects import CHUNK
from motcua_kit.s3 import s3_client
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.errors import OpsError

PART_SIZE = 16 * 1024 * 1024
"""Bytes of a file that are held in memory while it is sent to S3."""

_UNFINISHED = ".part"


@dataclass(frozen=True)
class StoredFile:
    """A file of a backup.

    Attributes:
        name: path below the folder or prefix.
        size: in bytes, as stored.
        sha256: of the bytes as stored, 64 hex digits.
    """

    name: str
    size: int
    sha256: str


class Storage(Protocol):
    """A place for files by name; names are paths with slashes."""

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Store a file; it is there when this returns, and not before."""

    def read(self, name: str) -> AbstractContextManager[Iterator[bytes]]:
        """Open a file and give its bytes in chunks.

        Raises:
            FileNotFoundError: there is none.
        """

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; None when there is none."""

    def names(self, prefix: str) -> Iterator[str]:
        """Return the names of all files whose name begins so."""

    def delete(self, name: str) -> None:
        """Delete a file; deleting nothing is no error."""


def open_storage(place: str, settings: BackupSettings) -> Storage:
    """Return the storage at a path, or at `s3://bucket/prefix`.

    Raises:
        OpsError: S3 is asked for and its settings or the bucket are missing.
    """
    parts = urlsplit(place)
    if parts.scheme != "s3":
        return FolderStorage(Path(place))
    if not settings.backup_store_url:
        raise OpsError(
            f"{place}: set BACKUP_STORE_URL, BACKUP_STORE_ACCESS_KEY and BACKUP_STORE_SECRET_KEY; "
            "a backup belongs into another store than the one it is taken of"
        )
    client = s3_client(
        settings.backup_store_url,
        settings.backup_store_access_key.get_secret_value(),
        settings.backup_store_secret_key.get_secret_value(),
        settings.backup_store_region,
    )
    if not client.bucket_exists(parts.netloc):
        raise OpsError(f"{place}: there is no bucket {parts.netloc} at {settings.backup_store_url}; make it first")
    return S3Storage(client, parts.netloc, parts.path.strip("/"))


class FolderStorage:
    """Files in a folder that only this user reads: they hold what citizens have handed in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """See `Storage.write`."""
        file = self._folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = file.with_name(file.name + _UNFINISHED)
        with open(unfinished, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as target:
            target.writelines(chunks)
            target.flush()
            os.fsync(target.fileno())
        unfinished.replace(file)

    @contextmanager
    def read(self, name: str) -> Iterator[Iterator[bytes]]:
        """See `Storage.read`."""
        with (self._folder / name).open("rb") as source:
            yield iter(lambda: source.read(CHUNK), b"")

    def size(self, name: str) -> int | None:
        """See `Storage.size`."""
        file = self._folder / name
        return file.stat().st_size if file.is_file() else None

    def names(self, prefix: str) -> Iterator[str]:
        """See `Storage.names`."""
        for file in (self._folder / prefix).rglob("*"):
            if file.is_file():
                yield str(file.relative_to(self._folder))

    def delete(self, name: str) -> None:
        """See `Storage.delete`."""
        (self._folder / name).unlink(missing_ok=True)


class S3Storage:
    """Files below a prefix of a bucket that is there already."""

    def __init__(self, client: Minio, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """See `Storage.write`."""
        self._client.put_object(self._bucket, self._prefix + name, Stream(chunks), -1, part_size=PART_SIZE)  # type: ignore[arg-type] # read() is all it uses

    @contextmanager
    def read(self, name: str) -> Iterator[Iterator[bytes]]:
        """See `Storage.read`."""
        try:
            response = self._client.get_object(self._bucket, self._prefix + name)
        except S3Error as error:
            if error.code == "NoSuchKey":
                raise FileNotFoundError(name) from error
            raise
        try:
            yield response.stream(CHUNK)
        finally:
            response.close()
            response.release_conn()

    def size(self, name: str) -> int | None:
        """See `Storage.size`."""
        try:
            return self._client.stat_object(self._bucket, self._prefix + name).size
        except S3Error as error:
            if error.code == "NoSuchKey":
                return None
            raise

    def names(self, prefix: str) -> Iterator[str]:
        """See `Storage.names`."""
        for item in self._client.list_objects(self._bucket, f"{self._prefix}{prefix}/", recursive=True):
            yield (item.object_name or "").removeprefix(self._prefix)

    def delete(self, name: str) -> None:
        """See `Storage.delete`."""
        self._client.remove_object(self._bucket, self._prefix + name)


class Stream:
    """Chunks as something to read from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end."""
        parts, wanted = [self._rest], size - len(self._rest)
        while wanted > 0 and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            wanted -= len(chunk)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]


class Digest:
    """Counts and hashes what passes."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    def of(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand the chunks on."""
        for chunk in chunks:
            self.size += len(chunk)
            self._hash.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """Hash of what has passed, 64 hex digits."""
        return self._hash.hexdigest()


def write_file(storage: Storage, name: str, chunks: Iterable[bytes]) -> StoredFile:
    """Store a file and return what it became."""
    digest = Digest()
    storage.write(name, digest.of(chunks))
    return StoredFile(name, digest.size, digest.sha256)


@contextmanager
def read_file(storage: Storage, file: StoredFile) -> Iterator[Iterator[bytes]]:
    """Open a file whose bytes must be those that were stored.

    Raises:
        OpsError: at its end, when they are others; or it is not there.
    """
    try:
        with storage.read(file.name) as chunks:
            yield _checked(file, chunks)
    except FileNotFoundError:
        raise OpsError(f"{file.name} is missing in the backup") from None


def _checked(file: StoredFile, chunks: Iterator[bytes]) -> Iterator[bytes]:
    digest = Digest()
    yield from digest.of(chunks)
    if digest.sha256 != file.sha256:
        raise OpsError(f"{file.name} was changed since it was written: SHA-256 {digest.sha256}, was {file.sha256}")
