"""The collections of the service, with the indexes that its queries walk."""

from __future__ import annotations

from itertools import islice

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from motcua_dossier.domain.names import terms_of
from motcua_kit.access_log import ACCESS_RECORDS
from motcua_kit.store import Collection, Migration, Store, ensure_collections

DOSSIERS = "dossiers"
DOCUMENTS = "documents"
CONSULTATIONS = "consultations"
CALENDARS = "calendars"
SEQUENCES = "sequences"

BATCH = 500

_OPEN = {"waits_for": {"$gt": ""}}

COLLECTIONS = [
    Collection(
        DOSSIERS,
        indexes=[
            IndexModel("code", name="code", unique=True, partialFilterExpression={"code": {"$gt": ""}}),
            # Queues hold open work only; closed work never slows them down.
            IndexModel(
                [("unit", ASCENDING), ("waits_for", ASCENDING), ("queue_time", ASCENDING), ("_id", ASCENDING)],
                name="queue_of_role",
                partialFilterExpression=_OPEN,
            ),
            IndexModel(
                [("unit", ASCENDING), ("queue_time", ASCENDING), ("_id", ASCENDING)],
                name="queue_of_unit",
                partialFilterExpression=_OPEN,
            ),
            IndexModel([("handler", ASCENDING), ("create_time", DESCENDING), ("_id", DESCENDING)], name="of_handler"),
            IndexModel(
                [("applicant", ASCENDING), ("create_time", DESCENDING), ("_id", DESCENDING)], name="of_applicant"
            ),
            IndexModel([("unit", ASCENDING), ("create_time", DESCENDING), ("_id", DESCENDING)], name="of_unit"),
            IndexModel(
                [("unit", ASCENDING), ("terms", ASCENDING), ("create_time", DESCENDING), ("_id", DESCENDING)],
                name="of_name",
            ),
            IndexModel([("state", ASCENDING), ("supplement.answer_by", ASCENDING)], name="supplement_deadline"),
            IndexModel([("state", ASCENDING), ("_id", ASCENDING)], name="of_state"),
            IndexModel(
                "papers.uploads.create_time",
                name="unsent_uploads",
                partialFilterExpression={"papers.uploads.state": "awaiting"},
            ),
        ],
    ),
    Collection(
        DOCUMENTS,
        indexes=[
            IndexModel([("owner", ASCENDING), ("create_time", DESCENDING), ("_id", DESCENDING)], name="of_owner"),
        ],
    ),
    Collection(
        CONSULTATIONS,
        indexes=[
            IndexModel([("dossier", ASCENDING), ("deadline", ASCENDING), ("_id", ASCENDING)], name="of_dossier"),
            IndexModel([("unit", ASCENDING), ("deadline", ASCENDING), ("_id", ASCENDING)], name="of_unit"),
            IndexModel([("state", ASCENDING), ("deadline", ASCENDING)], name="deadline"),
        ],
    ),
    Collection(CALENDARS),
    Collection(SEQUENCES, aggregates=False),
    ACCESS_RECORDS,
]


def _make_collections(store: Store) -> None:
    ensure_collections(store, COLLECTIONS)


def _make_terms(store: Store) -> None:
    """Let dossiers of older versions be found by name; what is done is not done again."""
    _make_collections(store)
    dossiers = store.collection(DOSSIERS)
    without = dossiers.find({"terms": {"$exists": False}}, {"applicant_name": 1})
    while found := list(islice(without, BATCH)):
        dossiers.bulk_write(
            [UpdateOne({"_id": one["_id"]}, {"$set": {"terms": terms_of(one["applicant_name"])}}) for one in found],
            ordered=False,
        )


MIGRATIONS = [
    Migration("0001_collections", _make_collections),
    Migration("0002_chain", _make_collections),  # the index of the history's chain
    Migration("0003_terms", _make_terms),
    Migration("0004_unsent_uploads", _make_collections),  # the index of files that were not sent
]
