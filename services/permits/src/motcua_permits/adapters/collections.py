"""Collections of the permits service."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, IndexModel

from motcua_kit.access_log import ACCESS_RECORDS
from motcua_kit.store import Collection, Migration, Store, ensure_collections

APPLICATIONS = "permit_applications"
PERMITS = "permits"
COUNTERS = "permit_counters"
RULE_SETS = "rule_sets"

COLLECTIONS = (
    Collection(
        APPLICATIONS,
        indexes=[
            IndexModel([("unit", ASCENDING), ("awaited_role", ASCENDING), ("due_time", ASCENDING), ("_id", ASCENDING)]),
            IndexModel([("unit", ASCENDING), ("due_time", ASCENDING), ("_id", ASCENDING)]),
            IndexModel([("handler", ASCENDING), ("due_time", ASCENDING), ("_id", ASCENDING)]),
            IndexModel([("applicant", ASCENDING), ("due_time", ASCENDING), ("_id", ASCENDING)]),
            IndexModel([("dossier", ASCENDING)], unique=True),
        ],
    ),
    Collection(
        PERMITS,
        indexes=[
            # The database itself refuses a second permit with a number.
            IndexModel([("unit", ASCENDING), ("year", DESCENDING), ("sequence", DESCENDING)], unique=True),
            IndexModel([("holder", ASCENDING), ("year", DESCENDING), ("sequence", DESCENDING)]),
            IndexModel([("verification_code", ASCENDING)], unique=True),
        ],
    ),
    Collection(COUNTERS, aggregates=False),
    Collection(RULE_SETS, aggregates=False),
    ACCESS_RECORDS,
)


def _collections(store: Store) -> None:
    ensure_collections(store, COLLECTIONS)


MIGRATIONS = (
    Migration("0001_collections", _collections),
    Migration("0002_chain", _collections),  # the index of the history's chain
)
