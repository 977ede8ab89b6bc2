"""The collections of this service and what they are searched by."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, IndexModel

from motcua_kit.store import Collection, Migration, Store, ensure_collections
from motcua_notify.domain.notification import OPEN

NOTIFICATIONS = Collection(
    "notifications",
    indexes=[
        # The work still to be done; closed notifications are not in it, however many there are.
        IndexModel(
            [("next_attempt_time", ASCENDING)],
            name="due",
            partialFilterExpression={"state": {"$in": [state.value for state in OPEN]}},
        ),
        IndexModel([("recipient", ASCENDING), ("create_time", DESCENDING), ("_id", DESCENDING)], name="recipient"),
        IndexModel([("subject", ASCENDING), ("create_time", DESCENDING), ("_id", DESCENDING)], name="subject"),
        IndexModel([("create_time", DESCENDING), ("_id", DESCENDING)], name="newest"),
    ],
)
MESSAGES = Collection(
    "inbox_messages",
    indexes=[IndexModel([("owner", ASCENDING), ("create_time", DESCENDING), ("_id", DESCENDING)], name="owner")],
)
SUBSCRIPTIONS = Collection("subscriptions")


def _make_collections(store: Store) -> None:
    ensure_collections(store, [NOTIFICATIONS, MESSAGES, SUBSCRIPTIONS])


MIGRATIONS = [
    Migration("0001_collections", _make_collections),
    Migration("0002_chain", _make_collections),  # the index of the history's chain
]
