"""Leaves of a day's tree: the end of the chain of each aggregate that changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from pymongo.collection import Collection

from motcua_kit.clock import VIETNAM
from motcua_kit.store import Store
from motcua_kit.store.chain import canonical
from motcua_kit.store.collections import CHAIN_INDEX, REMOVED
from motcua_kit.store.connection import Document

OVERLAP = timedelta(hours=1)
"""How long a write may take: one of yesterday that came after yesterday's seal is in today's."""

PARTS = {"history.time": 1, "history.version": 1, "chain.version": 1, "chain.hash": 1, "chain.adopted": 1}


@dataclass(frozen=True)
class Leaf:
    """The end of a chain.

    Attributes:
        name: `collection/id` of the aggregate.
        version: of the last entry.
        hash: of the last entry, 64 hex digits.
    """

    name: str
    version: int
    hash: str

    @property
    def line(self) -> bytes:
        """Its canonical form, which is hashed: a line of the file of leaves."""
        return canonical(vars(self))

    @classmethod
    def read(cls, line: bytes) -> Leaf:
        """Return the leaf of a line.

        Raises:
            ValueError: it is no leaf.
        """
        try:
            return cls(**json.loads(line))
        except TypeError as error:
            raise ValueError("not a leaf") from error


def name_of(collection: str, identity: object) -> str:
    """Return the name of an aggregate; of one that was removed the id is the name."""
    return str(identity) if collection == REMOVED.name else f"{collection}/{identity}"


def find_history(store: Store, name: str) -> tuple[Collection[Document], Document] | None:
    """Return where the history of a name lies, and its document, also of what was removed; None when there is none."""
    collection, _, identity = name.partition("/")
    for place, key in ((collection, identity), (REMOVED.name, name)):
        if document := store.collection(place).find_one({"_id": key}):
            return store.collection(place), document
    return None


def sealed_collections(store: Store) -> list[str]:
    """Return the collections whose history is sealed: those with the index by which the day's changes are found."""
    names = sorted(store.database.list_collection_names())
    return [name for name in names if CHAIN_INDEX.document["name"] in store.collection(name).index_information()]


def begin_of(day: date) -> datetime:
    """Return when a day begins in Vietnam."""
    return datetime.combine(day, time(), VIETNAM)


def moments(document: Mapping[str, Any]) -> dict[int, datetime]:
    """Return by version when each linked entry was written, or adopted."""
    written = {entry.get("version"): entry.get("time") for entry in document.get("history", ())}
    found = {link["version"]: link.get("adopted") or written.get(link["version"]) for link in document.get("chain", ())}
    return {version: moment for version, moment in found.items() if moment is not None}


def leaves_of(store: Store, collections: list[str], day: date, *, whole: bool) -> Iterator[Leaf]:
    """Yield the leaves of a day, in no order.

    Args:
        store: a service's database.
        collections: those that are sealed.
        day: the day.
        whole: all that is older is in, too: nothing was sealed before, or a restore has made old seals worthless.
    """
    begin, end = begin_of(day) - OVERLAP, begin_of(day + timedelta(days=1))
    # What was changed later as well stands under the later day, what was written late under the earlier.
    changed = {"chain_head.day": {"$gt": ""} if whole else {"$gte": (day - timedelta(days=1)).isoformat()}}
    for collection in collections:
        for document in store.collection(collection).find(changed, PARTS):
            done = {version: moment for version, moment in moments(document).items() if moment < end}
            if done and (whole or max(done.values()) >= begin):
                last = max(done)
                hashes = {link["version"]: link["hash"] for link in document["chain"]}
                yield Leaf(name_of(collection, document["_id"]), last, hashes[last].hex())
