"""Schema changes, each applied once, in order, by one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from motcua_kit.clock import system_clock
from motcua_kit.lease import LeaseUnavailable, MongoLease
from motcua_kit.store.connection import Store

log = structlog.get_logger(__name__)

JOURNAL = "_migrations"


@dataclass(frozen=True)
class Migration:
    """One step. `apply` must be idempotent: it runs again when the process dies before the step is noted.

    Attributes:
        id: sortable and unique in the service, e.g. `0001_collections`.
        apply: the change.
    """

    id: str
    apply: Callable[[Store], None]


def pending_migrations(store: Store, migrations: Sequence[Migration]) -> list[Migration]:
    """Return the steps that this database has not seen."""
    done = {row["_id"] for row in store.collection(JOURNAL).find({}, {"_id": 1})}
    return [migration for migration in migrations if migration.id not in done]


def migrate(store: Store, migrations: Sequence[Migration]) -> list[str]:
    """Apply what is pending and return the ids of what was applied.

    Of several processes one works and the others wait. When one dies, another begins again with the step that was not
    noted. One that lost its lease, because it or the database stood still for long, goes no further.

    Raises:
        LeaseUnavailable: the database does not answer, or the lease was lost.
    """
    applied = []
    with MongoLease(store, "migrations").hold() as lost:
        for migration in pending_migrations(store, migrations):
            if lost.is_set():
                message = f"lost the lease before {migration.id}; another process may be migrating: run it again"
                raise LeaseUnavailable(message)
            migration.apply(store)
            note = {"$setOnInsert": {"time": system_clock()}}
            store.collection(JOURNAL).update_one({"_id": migration.id}, note, upsert=True)
            log.info("migration_applied", migration=migration.id)
            applied.append(migration.id)
    return applied
