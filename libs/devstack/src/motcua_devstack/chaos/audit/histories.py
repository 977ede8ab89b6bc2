"""Histories against the tables of the domain, and against themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from motcua_devstack.chaos.audit.findings import Sheet
from motcua_devstack.chaos.audit.stores import Audited
from motcua_dossier.adapters.lives import LIVES as DOSSIER
from motcua_kit.store import Life
from motcua_kit.store.connection import Document
from motcua_notify.adapters.lives import LIVES as NOTIFY
from motcua_permits.adapters.lives import LIVES as PERMITS

LIVES: Mapping[str, Sequence[Life[Any]]] = {"dossier": DOSSIER, "permits": PERMITS, "notify": NOTIFY}
"""What each service says of how its documents follow from their histories."""

HISTORY = {"version": 1, "history": 1}


def documents(audited: Audited) -> Iterator[tuple[str, str, Document]]:
    """Return every document that has a history, without its state: service, name, document."""
    names = {
        (service, life.collection): life.resource or life.collection for service in LIVES for life in LIVES[service]
    }
    for service in audited.services:
        for collection in audited.collections(service):
            resource = names.get((service, collection.name), collection.name)
            for document in collection.find({"history": {"$exists": True}}, HISTORY):
                yield service, f"{resource}/{document['_id']}", document


def check_requests(audited: Audited, sheet: Sheet) -> None:
    """Each change is in the history, and no request of a caller is there twice."""
    for service, name, document in documents(audited):
        sheet.saw()
        history = document["history"]
        versions = [change["version"] for change in history]
        if versions != list(range(1, document["version"] + 1)):
            sheet.blame(name, f"{service}: is at change {document['version']}; its history has {versions}")
        requests = Counter(
            (change["actor"], change["action"], change["request_id"]) for change in history if change.get("request_id")
        )
        for (actor, action, request_id), times in requests.items():
            if times > 1:
                sheet.blame(name, f"{service}: {action} {request_id} of {actor} happened {times} times")


def check_lives(audited: Audited, sheet: Sheet) -> None:
    """Each history leads to the stored states, and to what is kept for queues."""
    for service, lives in LIVES.items():
        for life in lives:
            for document in audited.collection(service, life.collection).find({}):
                sheet.saw()
                for deviation in life.deviations(document):
                    sheet.blame(deviation.resource, deviation.text)
