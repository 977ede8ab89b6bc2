"""What was handed to the broker lately: after a restore, what the lost broker still held is sent again from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pymongo import IndexModel
from pymongo.errors import BulkWriteError

from motcua_kit.clock import system_clock
from motcua_kit.store.connection import Document, Store

COLLECTION = "_sent_events"
KEPT = timedelta(days=7)
"""How long an event is kept after it was sent."""

_INDEX = IndexModel("sent_time", name="kept", expireAfterSeconds=int(KEPT.total_seconds()))
_DUPLICATE_KEY = 11000


def ensure_sent_events(store: Store) -> None:
    """Make the collection's index; doing it again changes nothing."""
    store.collection(COLLECTION).create_indexes([_INDEX])


def note_sent(store: Store, events: Sequence[Document]) -> None:
    """Note events that were sent, before they leave their documents. One sent again counts from its last time."""
    now = system_clock()
    rows = [{"_id": event["id"], "sent_time": now, "event": event} for event in events]
    if not rows:
        return
    try:  # one insert, as an update for each costs some servers ten times as much
        store.collection(COLLECTION).insert_many(rows, ordered=False)
    except BulkWriteError as error:
        if any(problem["code"] != _DUPLICATE_KEY for problem in error.details["writeErrors"]):
            raise
        store.collection(COLLECTION).update_many(
            {"_id": {"$in": [row["_id"] for row in rows]}}, {"$set": {"sent_time": now}}
        )
