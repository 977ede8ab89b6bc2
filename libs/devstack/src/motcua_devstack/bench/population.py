"""Databases full of dossiers: copies of one that the suite itself has stored, each with an identity of its own."""

from __future__ import annotations

import copy
import time
import uuid
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

from motcua.dossier.v1.dossier_pb2 import Dossier, Upload
from motcua_devstack.bench.servers import DOSSIERS
from motcua_devstack.demo import house
from motcua_devstack.demo.people import Citizen
from motcua_devstack.errors import DevError
from motcua_kit.store import Store

BATCH = 500
CHECK_SECONDS = 60.0
_numbers = count(1_000_000)
"""Far from the numbers that the suite gives."""


def draft(citizen: Citizen) -> Dossier:
    """A draft, filled in."""
    return citizen.fill_in(citizen.start(house.PROCEDURE, house.WARD), house.HOUSE)


def submitted(citizen: Citizen) -> Dossier:
    """A submitted dossier: all papers uploaded and checked. The stack's workers must be there."""
    name = draft(citizen).name
    for component, title in house.PAPERS.items():
        citizen.upload(name, component, house.paper(component, title))
    begun = time.monotonic()
    while any(upload.state != Upload.STATE_CHECKED for upload in citizen.dossier(name).uploads):
        if time.monotonic() - begun > CHECK_SECONDS:
            raise DevError(f"the files of {name} were not checked in {CHECK_SECONDS:g} s; ./dev logs --name bench")
        time.sleep(0.2)
    return citizen.submit(name)


def stored(store: Store, dossier: Dossier) -> dict[str, Any]:
    """The document of a dossier, its events handed over."""
    document = store.collection(DOSSIERS).find_one({"_id": dossier.name.partition("/")[2]})
    if document is None:
        raise DevError(f"{dossier.name} is not in {store.database.name}")
    document.pop("pending", None)
    return {**document, "outbox": []}


def copies(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Copies without end, each with its own id and, where it is submitted, its own code."""
    for number in _numbers:
        one = copy.deepcopy(document)
        one["_id"] = uuid.uuid4().hex
        one["created_by"] = f"{document['created_by']}#{number}"
        if document["code"]:
            one["code"] = f"{document['code'].rpartition('-')[0]}-{number}"
        yield one


def fill(store: Store, documents: Iterator[dict[str, Any]], wanted: int) -> list[str]:
    """Insert so many documents; returns their names."""
    names: list[str] = []
    while batch := list(islice(documents, min(BATCH, wanted - len(names)))):
        store.collection(DOSSIERS).insert_many(batch, ordered=False)
        names += [f"dossiers/{document['_id']}" for document in batch]
    return names
