"""What there is to back up: the databases and buckets of the services, as data (`suite.yaml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import yaml

from motcua_kit.lease.mongodb import COLLECTION as LEASES

DATABASE_PREFIX = "motcua_"
BUCKET_PREFIX = "motcua-"


@dataclass(frozen=True)
class Part:
    """What one service keeps.

    Attributes:
        service: name of the service.
        database: name of its database.
        bucket: name of its bucket; empty when it has none.
        object_versions: by collection, the paths under which documents name versions of objects in the bucket.
        volatile: collections that are restored empty.
    """

    service: str
    database: str
    bucket: str
    object_versions: Mapping[str, tuple[str, ...]]
    volatile: frozenset[str]

    def holds(self, collection: str) -> bool:
        """Tell whether a backup has the collection at all: leases belong to running processes."""
        return collection != LEASES and not collection.startswith("system.")


def load_suite(database_prefix: str = DATABASE_PREFIX, bucket_prefix: str = BUCKET_PREFIX) -> dict[str, Part]:
    """Return the parts of the suite by service; other prefixes name other databases and buckets, as in a drill."""
    rows = yaml.safe_load(files(__package__).joinpath("suite.yaml").read_text(encoding="utf-8"))
    return {
        service: Part(
            service=service,
            database=f"{database_prefix}{service}",
            bucket=f"{bucket_prefix}{service}" if row.get("bucket") else "",
            object_versions={name: tuple(paths) for name, paths in row.get("object_versions", {}).items()},
            volatile=frozenset(row.get("volatile", ())),
        )
        for service, row in rows.items()
    }
