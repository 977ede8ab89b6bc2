"""Bytes in an S3 store. They never pass through gRPC: clients upload and download by presigned requests.

Buckets are versioned. Whoever has checked an object keeps its `version` and reads that version from then on, so that
an upload form used a second time before it expires cannot swap what was checked.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from minio.commonconfig import COMPLIANCE, ENABLED
from minio.datatypes import PostPolicy
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.helpers import MAX_PART_SIZE
from minio.retention import Retention
from minio.versioningconfig import VersioningConfig

from motcua_kit.s3 import asking, s3_client

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

CHUNK = 64 * 1024
"""Bytes read at a time from a stream."""

BEFORE_VERSIONS = "null"
"""Version of what was stored before the bucket had versions."""

# No retention and no legal hold, in the words of S3, MinIO and SeaweedFS.
_UNLOCKED = frozenset(
    {"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "NoSuchObjectLegalHold"}
)


@dataclass(frozen=True)
class Upload:
    """A form that lets its holder store exactly one object: an HTTP POST as `multipart/form-data`.

    Attributes:
        url: where to post.
        fields: form fields that come before the field `file`.
        expire_time: when the store stops accepting it, UTC.
    """

    url: str
    fields: Mapping[str, str]
    expire_time: datetime


@dataclass(frozen=True)
class ObjectInfo:
    """What the store knows of an object.

    Attributes:
        key: name in the bucket.
        size: in bytes.
        content_type: as declared by who stored it; not to be believed before it is checked.
        etag: of the store, changes with the bytes.
        version: names these bytes for ever; empty when the bucket has no versions.
        metadata: `x-amz-meta-*` without that prefix, names in lower case.
        encoding: `Content-Encoding` that a download will declare; not every store keeps a form from setting it.
    """

    key: str
    size: int
    content_type: str
    etag: str
    version: str
    metadata: Mapping[str, str]
    encoding: str = ""


@dataclass(frozen=True)
class StoredVersion:
    """A version of an object, or a mark that hides the versions before it.

    Attributes:
        key: name in the bucket.
        version: names these bytes, or the mark.
        time: when it was stored, by the store's clock, UTC.
        size: in bytes; 0 of a mark.
        hides: whether it is a mark.
    """

    key: str
    version: str
    time: datetime
    size: int
    hides: bool


class ObjectStore:
    """One bucket.

    Every method that talks to the store raises `DependencyDown` when it does not answer, and `NotFound` when the
    object, the version or the bucket is not there.

    Args:
        url: endpoint for this process.
        access_key: of the service.
        secret_key: of the service.
        bucket: name of the bucket.
        public_url: endpoint that clients reach, in presigned requests; `url` when empty.
        region: of the bucket, part of every signature.
    """

    def __init__(
        self,
        url: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        *,
        public_url: str = "",
        region: str = "us-east-1",
    ) -> None:
        self.bucket = bucket
        self._client = s3_client(url, access_key, secret_key, region)
        self._url = url.rstrip("/")
        self._public_url = (public_url or url).rstrip("/")
        # A presigned GET signs the host name, so it must be made for the name that the client uses.
        self._public = s3_client(self._public_url, access_key, secret_key, region)

    def ensure_bucket(self) -> None:
        """Make the bucket, with versions and object lock, unless it is there. A migration step."""
        with self._asking(""):
            if not self._client.bucket_exists(self.bucket):
                try:
                    self._client.make_bucket(self.bucket, object_lock=True)
                except S3Error as error:
                    if error.code != "BucketAlreadyOwnedByYou":
                        raise
            self._client.set_bucket_versioning(self.bucket, VersioningConfig(ENABLED))

    def presign_post(self, key: str, size: int, content_type: str, expires: timedelta) -> Upload:
        """Return a form that stores an object of exactly this key, size (bytes) and declared type.

        `expires` counts from the machine's time, as the store checks it against its own clock.
        """
        expire_time = datetime.now(UTC) + expires
        policy = PostPolicy(self.bucket, expire_time)
        policy.add_equals_condition("key", key)
        policy.add_equals_condition("Content-Type", content_type)
        policy.add_content_length_range_condition(size, size)
        signed = self._public.presigned_post_policy(policy)
        fields = {"key": key, "Content-Type": content_type, **signed}
        return Upload(f"{self._public_url}/{self.bucket}", MappingProxyType(fields), expire_time)

    def inside(self, url: str) -> str:
        """Return where this process sends a form that was made for clients outside.

        That is its own endpoint in place of the public one; the address of another store stays as it is. For forms
        only: unlike them, a presigned GET signs the host name.
        """
        if not url.startswith(f"{self._public_url}/"):
            return url
        return self._url + url.removeprefix(self._public_url)

    def presign_get(self, key: str, filename: str, expires: timedelta, *, version: str = "") -> str:
        """Return a URL that downloads an object under `filename`. Browsers save it and never show it in place."""
        headers: dict[str, str | list[str] | tuple[str]] = {
            "response-content-disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        }
        return self._public.presigned_get_object(
            self.bucket, key, expires, response_headers=headers, version_id=version or None
        )

    def put(
        self, key: str, content: bytes, content_type: str, metadata: Mapping[str, str] = MappingProxyType({})
    ) -> ObjectInfo:
        """Store an object and return what the store made of it."""
        with self._asking(key):
            written = self._client.put_object(
                self.bucket,
                key,
                io.BytesIO(content),
                len(content),
                content_type,
                metadata=dict(metadata),
                # In one request, whatever the size: a process that is killed leaves no parts behind.
                part_size=MAX_PART_SIZE,
            )
        return ObjectInfo(
            key=key,
            size=len(content),
            content_type=content_type,
            etag=written.etag or "",
            version=written.version_id or "",
            metadata=MappingProxyType({name.lower(): value for name, value in metadata.items()}),
        )

    def stat(self, key: str, *, version: str = "") -> ObjectInfo:
        """Return what the store knows of an object, of its latest version unless one is named."""
        with self._asking(key):
            found = self._client.stat_object(self.bucket, key, version_id=version or None)
        metadata = {
            name.lower().removeprefix("x-amz-meta-"): value
            for name, value in (found.metadata or {}).items()
            if name.lower().startswith("x-amz-meta-")
        }
        return ObjectInfo(
            key=key,
            size=found.size or 0,
            content_type=found.content_type or "",
            etag=found.etag or "",
            version=found.version_id or "",
            metadata=MappingProxyType(metadata),
            encoding=(found.metadata or {}).get("content-encoding", ""),
        )

    def get(self, key: str, *, version: str = "") -> bytes:
        """Return the bytes of an object."""
        with self._asking(key), self._response(key, version) as response:
            return response.read()

    @contextmanager
    def stream(self, key: str, *, version: str = "") -> Iterator[Iterator[bytes]]:
        """Open an object and give its bytes in chunks, for what is too large to hold."""
        with self._asking(key), self._response(key, version) as response:
            yield response.stream(CHUNK)

    def download(self, key: str, file: Path, *, version: str = "") -> str:
        """Copy an object into a local file and return the SHA-256 of its bytes, 64 hex digits."""
        with file.open("wb") as target:
            return self._digest(key, version, target.write)

    def sha256(self, key: str, *, version: str = "") -> str:
        """Return the SHA-256 of an object's bytes, 64 hex digits."""
        return self._digest(key, version, len)

    def retain(self, key: str, until: datetime, *, version: str = "") -> None:
        """Let nobody, not even an administrator, delete this version before `until` (mode COMPLIANCE)."""
        with self._asking(key):
            self._client.set_object_retention(
                self.bucket, key, Retention(COMPLIANCE, until.astimezone(UTC)), version_id=version or None
            )

    def retained_until(self, key: str, *, version: str = "") -> datetime | None:
        """Return until when this version cannot be deleted, in UTC; None when it can."""
        with self._asking(key):
            try:
                retention = self._client.get_object_retention(self.bucket, key, version_id=version or None)
            except S3Error as error:
                if error.code in _UNLOCKED:
                    return None
                raise
        return retention.retain_until_date if retention else None

    def set_legal_hold(self, key: str, *, held: bool, version: str = "") -> None:
        """Put this version under legal hold, or lift it: while held it cannot be deleted, whatever its retention."""
        with self._asking(key):
            if held:
                self._client.enable_object_legal_hold(self.bucket, key, version_id=version or None)
            else:
                self._client.disable_object_legal_hold(self.bucket, key, version_id=version or None)

    def has_legal_hold(self, key: str, *, version: str = "") -> bool:
        """Say whether this version is under legal hold."""
        with self._asking(key):
            try:
                return self._client.is_object_legal_hold_enabled(self.bucket, key, version_id=version or None)
            except S3Error as error:
                if error.code in _UNLOCKED:
                    return False
                raise

    def delete(self, key: str, *, version: str = "") -> None:
        """Delete a version for good, or hide the object when no version is named. Deleting nothing is no error."""
        with self._asking(key):
            self._client.remove_object(self.bucket, key, version_id=version or None)

    def versions(self, *, after: str = "") -> Iterator[StoredVersion]:
        """Yield what the bucket holds, by key, also what is hidden; only keys later than `after`.

        The store gives up to a thousand at a time, and among these the marks after the versions.
        """
        with self._asking(after):
            for item in self._client.list_objects(
                self.bucket, recursive=True, start_after=after or None, include_version=True
            ):
                yield StoredVersion(
                    key=item.object_name or "",
                    version=item.version_id or BEFORE_VERSIONS,
                    time=item.last_modified or datetime.now(UTC),
                    size=item.size or 0,
                    hides=item.is_delete_marker,
                )

    def remove(self, versions: Iterable[StoredVersion]) -> list[str]:
        """Delete versions and marks for good; return what the store refuses to delete, each with its word for why.

        What is locked is refused; what is not there any more is not.
        """
        doomed = [DeleteObject(one.key, one.version) for one in versions]
        with self._asking(""):
            refused = self._client.remove_objects(self.bucket, doomed)
            return [f"{error.name} {error.version_id}: {error.code}" for error in refused]

    def _digest(self, key: str, version: str, also: Callable[[bytes], object]) -> str:
        digest = hashlib.sha256()
        with self.stream(key, version=version) as chunks:
            for chunk in chunks:
                digest.update(chunk)
                also(chunk)
        return digest.hexdigest()

    @contextmanager
    def _response(self, key: str, version: str) -> Iterator[BaseHTTPResponse]:
        response = self._client.get_object(self.bucket, key, version_id=version or None)
        try:
            yield response
        finally:
            response.close()
            response.release_conn()

    def _asking(self, key: str) -> AbstractContextManager[None]:
        return asking(self.bucket, key)
