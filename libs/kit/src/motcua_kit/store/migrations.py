"""Schema changes, each applied once, in order, by one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from motcua_kit.clock import system_clock
from motcua_kit.lease import Lease
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
    """Apply what is pending and return the ids of what was applied."""
    applied = []
    with Lease(store, "migrations").hold():
        for migration in pending_migrations(store, migrations):
            migration.apply(store)
            store.collection(JOURNAL).insert_one({"_id": migration.id, "time": system_clock()})
            log.info("migration_applied", migration=migration.id)
            applied.append(migration.id)
    return applied
