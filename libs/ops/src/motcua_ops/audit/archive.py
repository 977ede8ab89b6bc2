"""The bucket of the seals: everything in it is written once, under object lock unless the settings renounce it."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from minio import Minio
from minio.commonconfig import COMPLIANCE, GOVERNANCE
from minio.datatypes import Object
from minio.error import S3Error
from minio.retention import Retention

from motcua_kit.objects import ObjectStore
from motcua_kit.s3 import s3_client
from motcua_ops.audit.settings import AuditSettings, Lock
from motcua_ops.errors import OpsError

_MODES = {Lock.COMPLIANCE: COMPLIANCE, Lock.GOVERNANCE: GOVERNANCE}
_NO_LOCK = frozenset({"InvalidRequest", "NotImplemented", "ObjectLockConfigurationNotFoundError"})
"""How stores refuse a lock that the bucket has not, or that they do not know."""


class Stored(NamedTuple):
    """An object as it was first written.

    Attributes:
        key: its name.
        version: of the first writing, which is what counts.
        overwritten: whether something was written over it or hides it.
    """

    key: str
    version: str
    overwritten: bool


class Archive:
    """The bucket.

    Args:
        settings: where it is and how it locks.
    """

    def __init__(self, settings: AuditSettings) -> None:
        url, access, secret, region = settings.store_access
        self._client: Minio = s3_client(url, access, secret, region)
        self._bucket = settings.audit_bucket
        self._prefix = f"{settings.audit_prefix}/" if settings.audit_prefix else ""
        self._store = ObjectStore(url, access, secret, self._bucket, region=region)
        self._mode = _MODES.get(settings.audit_lock)
        self._retention = timedelta(days=settings.audit_retention_days)

    def ensure(self) -> None:
        """Make the bucket, with versions and object lock, unless it is there.

        Raises:
            OpsError: it is there and takes no object lock, which the settings ask for.
        """
        if self._mode is None or not self._client.bucket_exists(self._bucket):
            self._store.ensure_bucket()
        if self._mode is None:
            return
        try:
            self._client.get_object_lock_config(self._bucket)
        except S3Error as error:
            if error.code not in _NO_LOCK:
                raise
            raise self._unlocked() from error

    def put(self, key: str, content: io.IOBase, size: int, content_type: str) -> None:
        """Write an object, locked.

        Raises:
            OpsError: the store did not lock it. It is not to be relied upon.
        """
        until = (datetime.now(UTC) + self._retention).replace(microsecond=0)
        retention = Retention(self._mode, until) if self._mode else None
        name, data = self._prefix + key, cast("io.BytesIO", content)  # read() is all that is used of it
        try:
            written = self._client.put_object(self._bucket, name, data, size, content_type, retention=retention)
        except S3Error as error:
            if retention is None or error.code not in _NO_LOCK:
                raise
            raise self._unlocked() from error
        if retention and self._store.retained_until(name, version=written.version_id or "") is None:
            raise self._unlocked()

    @property
    def promise(self) -> str:
        """What is said of what is written now: until when, and how, it is locked."""
        if self._mode is None:
            return "NOT LOCKED"
        return f"locked until {datetime.now(UTC) + self._retention:%Y-%m-%d}, mode {self._mode.lower()}"

    def _unlocked(self) -> OpsError:
        return OpsError(
            f"bucket {self._bucket} takes no object lock: whoever may write there could delete seals. Name one that "
            "was made with it (AUDIT_BUCKET; one that is not there is made so), or say --no-lock for development"
        )

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield the objects of a folder, by name, each as it was first written."""
        versions: dict[str, list[Object]] = {}
        for item in self._client.list_objects(
            self._bucket, prefix=self._prefix + prefix, recursive=True, include_version=True
        ):
            versions.setdefault(item.object_name or "", []).append(item)
        for key, written in sorted(versions.items()):
            contents = [item for item in written if not item.is_delete_marker]
            if contents:
                # Stores list the newest first, and know seconds only.
                first = min(reversed(contents), key=lambda item: item.last_modified or datetime.now(UTC))
                yield Stored(key.removeprefix(self._prefix), first.version_id or "", len(written) > 1)

    def read(self, stored: Stored) -> bytes:
        """Return the bytes of a small object."""
        return self._store.get(self._prefix + stored.key, version=stored.version)

    @contextmanager
    def lines(self, stored: Stored) -> Iterator[Iterator[bytes]]:
        """Open a compressed object and give its lines.

        Raises:
            OSError, EOFError, zlib.error: while they are read: it is not what was compressed.
        """
        response = self._client.get_object(self._bucket, self._prefix + stored.key, version_id=stored.version or None)
        try:
            with gzip.open(cast("io.RawIOBase", response)) as text:
                yield (line.rstrip(b"\n") for line in text)
        finally:
            response.close()
            response.release_conn()

    def locked_until(self, stored: Stored) -> datetime | None:
        """Return until when it cannot be deleted; None when it can."""
        until = self._store.retained_until(self._prefix + stored.key, version=stored.version)
        return until if until and until > datetime.now(UTC) else None
