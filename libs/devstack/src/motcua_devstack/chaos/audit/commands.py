"""Every acknowledged command against the histories: in one of them, once."""

from __future__ import annotations

from collections import defaultdict

from motcua_devstack.chaos.audit.findings import Sheet
from motcua_devstack.chaos.audit.histories import documents
from motcua_devstack.chaos.audit.stores import Audited
from motcua_devstack.load.ledger import CREATE, UPDATE, Entry

ACTIONS = {CREATE: "CreateDossier", UPDATE: "UpdateDossier"}
"""Commands that the ledger knows by names of its own."""

PRESSED_AGAIN = {"SubmitDossier"}
"""Commands that answer well when another request has done the same before."""

Key = tuple[str, str, str]


def key_of(entry: Entry) -> Key:
    """What a command is found by: caller, action, request id."""
    return entry.caller, ACTIONS.get(entry.command, entry.command), entry.request_id


def check(audited: Audited, sheet: Sheet) -> None:
    """Hold the ledger against the histories of all services."""
    entries = [entry for entry in audited.ledger if entry.request_id]
    if not entries:
        sheet.skipped = "there is no ledger"
        return
    wanted = {key_of(entry) for entry in entries}
    found: defaultdict[Key, list[str]] = defaultdict(list)
    done: set[tuple[str, str]] = set()
    for _, name, document in documents(audited):
        for change in document["history"]:
            key = change["actor"], change["action"], change.get("request_id", "")
            done.add((name, change["action"]))
            if key in wanted:
                found[key].append(name)
    for entry in entries:
        sheet.saw()
        places, action = found[key_of(entry)], key_of(entry)[1]
        about = entry.resource or ", ".join(places) or entry.caller
        if len(places) > 1:
            sheet.blame(about, f"{action} {entry.request_id} happened {len(places)} times: {', '.join(places)}")
        elif places and not entry.acknowledged:
            sheet.tell("done without an answer", about, action)
        elif not places and entry.acknowledged:
            if action in PRESSED_AGAIN and (entry.resource, action) in done:
                sheet.tell("answered by an earlier request", about, action)
            else:
                sheet.blame(about, f"{action} {entry.request_id} was acknowledged and is in no history")
