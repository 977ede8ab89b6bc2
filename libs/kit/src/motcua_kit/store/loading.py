"""Aggregates that lived elsewhere, loaded in bulk with what is known of their past.

The past is told, not witnessed: its entries are linked as of the moment of the load, as `adopted` ones are, so that no
seal of an earlier day misses them; the last entry says who loaded them, and when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pymongo.errors import BulkWriteError, PyMongoError

from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, DependencyDown
from motcua_kit.store.chain import Head, extend
from motcua_kit.store.connection import Document, Store
from motcua_kit.store.documents import to_document
from motcua_kit.store.history import HistoryEntry, entry_of

DUPLICATE_KEY = 11000


def loaded_document(collection: str, aggregate: Aggregate, past: Iterable[HistoryEntry], load: Command) -> Document:
    """Return the document of an aggregate; its events are dropped, as what they tell lies in the past.

    Args:
        collection: name of its collection.
        aggregate: the aggregate as its past has left it.
        past: what happened, oldest first, versions from 1 on without gaps; the first made it.
        load: the command that loads it; its entry is the last.
    """
    told = [asdict(entry) for entry in past]
    aggregate.take_events()
    aggregate.version = len(told) + 1
    aggregate.update_time = load.time
    entry = entry_of(load, aggregate.version)
    name = f"{collection}/{aggregate.id}"
    adopted, head = extend(name, Head(), told, adopted=load.time)
    links, head = extend(name, head, [entry])
    return {
        **to_document(aggregate),
        "history": [*told, entry],
        "chain": [*adopted, *links],
        "chain_head": asdict(head),
        "outbox": [],
    }


def insert_absent(store: Store, collection: str, documents: Sequence[Document]) -> set[int]:
    """Insert those documents whose identity and unique values are free; return the positions of the others.

    Each is in whole or not at all, whatever ends the process; others may insert the same at the same time.

    Raises:
        DependencyDown: the database does not answer, or refuses for another reason.
    """
    try:
        store.collection(collection).insert_many(documents, ordered=False)
    except BulkWriteError as error:
        failures: Sequence[Mapping[str, Any]] = error.details["writeErrors"]
        if error.details["writeConcernErrors"] or any(one["code"] != DUPLICATE_KEY for one in failures):
            raise _down(error) from error
        return {one["index"] for one in failures}
    except PyMongoError as error:
        raise _down(error) from error
    return set()


def entries_by(store: Store, collection: str, action: str, identities: Iterable[str]) -> dict[str, HistoryEntry]:
    """Return the entry of an action in the history of each document that has one, by id.

    Raises:
        DependencyDown: the database does not answer.
    """
    try:
        found = list(store.collection(collection).find({"_id": {"$in": sorted(identities)}}, {"history": 1}))
    except PyMongoError as error:
        raise _down(error) from error
    entries = ((document["_id"], HistoryEntry(**entry)) for document in found for entry in document["history"])
    return {identity: entry for identity, entry in entries if entry.action == action}


def _down(error: PyMongoError) -> DependencyDown:
    return DependencyDown("DEPENDENCY_DOWN", f"the database did not take it: {type(error).__name__}")
