"""Collections as data: name, indexes, document schema; made by migrations, idempotently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import CollectionInvalid

from motcua_kit.store.connection import Store

WRITE_PATH_INDEXES = (
    IndexModel(
        [("created_by", ASCENDING)],
        name="created_by",
        unique=True,
        partialFilterExpression={"created_by": {"$exists": True}},
    ),
    IndexModel(
        [("pending", ASCENDING)],
        name="pending",
        partialFilterExpression={"pending": {"$exists": True}},
    ),
)
"""Indexes that the write path needs on every collection of aggregates."""

CHAIN_INDEX = IndexModel([("chain_head.day", ASCENDING)], name="chain_day")
"""How the daily seal finds what has changed; it moves once a day at most. A collection without it is not sealed."""


@dataclass(frozen=True)
class Collection:
    """A collection as a service wants it.

    Attributes:
        name: name in the database.
        indexes: besides those of the write path.
        schema: `$jsonSchema` that every document must satisfy; None when any will do.
        aggregates: whether it holds aggregates, and so needs the indexes of the write path.
        sealed: whether the daily seal covers their history; False for what expires by itself.
    """

    name: str
    indexes: Sequence[IndexModel] = ()
    schema: dict[str, Any] | None = None
    aggregates: bool = True
    sealed: bool = True

    @property
    def all_indexes(self) -> list[IndexModel]:
        """Its own indexes and those of the kit."""
        shared = [*WRITE_PATH_INDEXES, *([CHAIN_INDEX] if self.sealed else [])] if self.aggregates else []
        return [*shared, *self.indexes]


REMOVED = Collection("_removed", [CHAIN_INDEX], aggregates=False)
"""Histories of aggregates that a command has removed."""


def ensure_collections(store: Store, collections: Iterable[Collection]) -> None:
    """Create what is missing and bring schemas up to date; running it again changes nothing."""
    for collection in (*collections, REMOVED):
        with suppress(CollectionInvalid):  # it is there already
            store.database.create_collection(collection.name)
        if collection.schema is not None:
            store.database.command("collMod", collection.name, validator={"$jsonSchema": collection.schema})
        if collection.all_indexes:
            store.collection(collection.name).create_indexes(collection.all_indexes)
