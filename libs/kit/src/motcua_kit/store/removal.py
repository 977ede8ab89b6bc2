"""Removing an aggregate for good: its data go, its history stays and says who removed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pymongo.client_session import ClientSession

from motcua_kit.command import Command
from motcua_kit.store.chain import Head, extend
from motcua_kit.store.collections import REMOVED
from motcua_kit.store.connection import Store
from motcua_kit.store.history import entry_of


def remove(store: Store, collection: str, query: Mapping[str, Any], command: Command) -> bool:
    """Remove one aggregate; tell whether it was there. The command is the last entry of the history that stays.

    Two documents change at once, in a transaction: without the history a removal by a command could not be told from
    one by hand.

    Args:
        store: the service's database.
        collection: where the aggregate is.
        query: what must hold for it to go, with its `_id` and `version`.
        command: who removes it, when and why.
    """

    def work(session: ClientSession) -> bool:
        documents = store.collection(collection)
        found = documents.find_one(dict(query), {"history": 1, "chain": 1, "chain_head": 1}, session=session)
        if found is None:
            return False
        name, head = f"{collection}/{found['_id']}", Head.of(found)
        unlinked = [entry for entry in found["history"] if entry["version"] > head.length]
        adopted, head = extend(name, head, unlinked, adopted=command.time)
        entry = entry_of(command, head.length + 1)
        links, head = extend(name, head, [entry])
        rest = {
            "_id": name,
            "version": head.length,
            "history": [*found["history"], entry],
            "chain": [*found.get("chain", ()), *adopted, *links],
            "chain_head": asdict(head),
        }
        store.collection(REMOVED.name).insert_one(rest, session=session)
        documents.delete_one({"_id": found["_id"]}, session=session)
        return True

    return store.run_transaction(work)
