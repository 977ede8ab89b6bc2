"""Every event against what each of its subscribers must have done with it, once."""

from __future__ import annotations

from dataclasses import replace

from motcua_devstack.chaos.audit.findings import Sheet
from motcua_devstack.chaos.audit.probes import PROBES
from motcua_devstack.chaos.audit.stores import Audited
from motcua_kit.events import dead_letters, sent
from motcua_kit.events.tasks import ReceivedEvent
from motcua_kit.store.connection import Document


def check(audited: Audited, sheet: Sheet) -> None:
    """Go through what the relays have sent, what still waits, and what was given up."""
    audited = replace(audited)  # it remembers what it reads, and that is for this time
    given_up = _given_up(audited, sheet)
    for service in audited.services:
        _check_outboxes(audited, sheet, service)
        for row in audited.collection(service, sent.COLLECTION).find():
            _check_event(audited, sheet, row["event"], given_up)


def _given_up(audited: Audited, sheet: Sheet) -> set[str]:
    letters: set[str] = set()
    for service in audited.services:
        for letter in audited.collection(service, dead_letters.COLLECTION).find():
            letters.add(letter["_id"])
            reason = letter["error"].strip().splitlines()[-1]
            sheet.blame(letter["event"]["id"], f"{letter['task']} gave up: {reason}")
    return letters


def _check_outboxes(audited: Audited, sheet: Sheet, service: str) -> None:
    """What waits in a document has not been handed over; what has been is in the journal."""
    for collection in audited.collections(service):
        for document in collection.find({"pending": True}, {"outbox": 1}):
            for event in document["outbox"]:
                sheet.blame(event["id"], f"{event['type']} waits in its outbox")


def _check_event(audited: Audited, sheet: Sheet, row: Document, given_up: set[str]) -> None:
    event = ReceivedEvent(row["id"], row["type"], row["subject"], row["time"], row["data"])
    for subscription in audited.topology.events.get(event.type, ()):
        sheet.saw()
        task = subscription.task
        if f"{task}:{event.id}" in given_up:
            continue
        probe = PROBES.get(task)
        if probe is None:
            sheet.blame(event.id, f"nobody knows by what {task} can be seen to have consumed it")
        elif problem := probe(audited, event):
            sheet.blame(event.id, f"{event.type} → {task}: {problem}")
