"""The stores of the suite, opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from minio import Minio

from motcua_kit.objects import ObjectStore
from motcua_kit.s3 import s3_client
from motcua_ops.backup.objects import Bucket
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.snapshot import Client, connect
from motcua_ops.backup.suite import Part


@dataclass(frozen=True)
class Stores:
    """What a backup is taken of, or restored into.

    Attributes:
        settings: how the stores are reached.
        mongodb: connection to all databases.
        objects: connection to all buckets.
        parts: what each service keeps there.
    """

    settings: BackupSettings
    mongodb: Client
    objects: Minio
    parts: Mapping[str, Part]

    @property
    def buckets(self) -> dict[str, Bucket]:
        """Buckets of the services that have one."""
        return {
            service: Bucket(self.objects, service, part.bucket) for service, part in self.parts.items() if part.bucket
        }

    def ensure_bucket(self, service: str) -> None:
        """Make the bucket of a service as its migration would."""
        settings = self.settings
        ObjectStore(
            settings.object_store_url,
            settings.object_store_access_key.get_secret_value(),
            settings.object_store_secret_key.get_secret_value(),
            self.parts[service].bucket,
            region=settings.object_store_region,
        ).ensure_bucket()


@contextmanager
def open_stores(settings: BackupSettings, parts: Mapping[str, Part]) -> Iterator[Stores]:
    """Open the stores for the block.

    Raises:
        OpsError: the settings name none.
    """
    settings.refuse_without_stores()
    objects = s3_client(
        settings.object_store_url,
        settings.object_store_access_key.get_secret_value(),
        settings.object_store_secret_key.get_secret_value(),
        settings.object_store_region,
    )
    with connect(settings.mongodb_uri.get_secret_value()) as mongodb:
        yield Stores(settings, mongodb, objects, parts)
