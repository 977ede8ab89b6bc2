"""The audit of a quiet suite: it finds nothing in one that is well, and each defect that is planted in the stores."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from motcua_client import wait_for
from motcua_devstack.chaos.audit import CHECKS, Audited, audit
from motcua_devstack.chaos.audit.probes import PROBES
from motcua_devstack.chaos.audit.stores import open_audited
from motcua_devstack.chaos.audit.telling import PATIENCE
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.walk import Walk
from motcua_devstack.load.client import LoadClient
from motcua_devstack.load.ledger import Ledger
from motcua_devstack.paths import ROOT
from motcua_devstack.sinks.running import Sinks
from motcua_kit.clock import shifted_clock
from motcua_kit.events import dead_letters, sent
from motcua_kit.topology import Topology
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.suite import load_suite

Row = dict[str, Any]
Find = Callable[..., list[str]]
COMMANDS = 4
QUIET_SECONDS = 60


@pytest.fixture(scope="module")
def audited(main_job: MainJob, walk: Walk, suite_stores: BackupSettings) -> Iterator[Audited]:
    """The suite after the main job and a few drafts, at rest."""
    ledger = Ledger(io.StringIO())
    steps = LoadClient(walk.citizen, ledger, patience=30).draft()
    assert len(list(islice(steps, COMMANDS))) == COMMANDS
    addresses = main_job.running.addresses
    with (
        open_audited(
            suite_stores,
            sink=addresses.sms,
            ledger=ledger.entries,
            clock=shifted_clock(main_job.running.stack.clock_offset),
        ) as opened,
        redis.Redis.from_url(addresses.broker_url) as broker,
    ):
        wait_for(lambda: waiting(opened, broker), lambda count: count == 0, QUIET_SECONDS, "a quiet suite")
        yield opened


@pytest.fixture
def apart(suite_stores: BackupSettings) -> Iterator[Audited]:
    """Databases of the test's own, with nothing in them: what is planted there no relay and no sweep finds."""
    with open_audited(suite_stores, parts=load_suite("audited_")) as empty:
        yield empty
        for part in empty.stores.parts.values():
            empty.stores.mongodb.drop_database(part.database)


def waiting(audited: Audited, broker: redis.Redis) -> int:
    """Events and tasks that are not done."""
    events = sum(
        collection.count_documents({"pending": True})
        for service in audited.services
        for collection in audited.collections(service)
    )
    queues = [f"{service}.{queue}" for service in audited.services for queue in ("default", "slow")]
    return events + sum(int(broker.llen(queue)) for queue in queues) + int(broker.hlen("unacked"))


@pytest.fixture
def find(audited: Audited) -> Find:
    """What one check finds wrong now."""
    return lambda check, subject=audited: audit(subject, only={check}).wrong


@contextmanager
def planted(audited: Audited, service: str, collection: str, query: Row, update: Row | None) -> Iterator[str]:
    """Change a document behind the suite's back for the block, or take it away; gives its id."""
    documents = audited.collection(service, collection)
    before = documents.find_one(query)
    assert before is not None, f"nothing to spoil: {service} {collection} {query}"
    this = {"_id": before["_id"]}
    try:
        if update is None:
            documents.delete_one(this)
        else:
            assert documents.update_one(this, update).modified_count == 1
        yield str(before["_id"])
    finally:
        documents.replace_one(this, before, upsert=True)


def test_a_suite_that_is_well_has_no_findings(audited: Audited) -> None:
    report = audit(audited)
    assert report.wrong == []
    assert report.holds
    looked_at = {name: row["looked_at"] for name, row in report.figures.items()}
    assert looked_at.keys() == {check.name for check in CHECKS}
    assert all(looked_at.values()), "a check of nothing finds nothing"
    assert looked_at["commands"] == COMMANDS


def test_every_subscriber_has_a_probe() -> None:
    topology = Topology.load(ROOT / "telemetry" / "topology.yaml")
    assert PROBES.keys() == {item.task for items in topology.events.values() for item in items}


# ── commands and histories ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_acknowledged_command_without_a_trace_is_lost(audited: Audited, find: Find) -> None:
    entry = audited.ledger[-1]
    gone = {"$pull": {"history": {"request_id": entry.request_id}}}
    with planted(audited, "dossier", "dossiers", {"history.request_id": entry.request_id}, gone) as identity:
        assert find("commands") == [
            f"commands: dossiers/{identity}: UpdateDossier {entry.request_id} was acknowledged and is in no history"
        ]
        assert any(identity in line for line in find("requests"))
    assert find("commands") == []


def test_a_command_that_happened_twice_is_found(audited: Audited, find: Find) -> None:
    entry = audited.ledger[0]
    made = audited.collection("dossier", "dossiers").find_one({"history.request_id": entry.request_id})
    assert made is not None
    other = {"_id": {"$ne": made["_id"]}, "code": {"$gt": ""}}
    with planted(audited, "dossier", "dossiers", other, {"$push": {"history": made["history"][0]}}) as identity:
        (line,) = find("commands")
        assert f"CreateDossier {entry.request_id} happened 2 times" in line
        assert f"dossiers/{identity}" in line


def test_a_request_that_an_aggregate_took_twice_is_found(audited: Audited, find: Find) -> None:
    (application,) = audited.collection("permits", "permit_applications").find().limit(1)
    again = {**application["history"][-1], "version": application["version"] + 1}
    update = {"$push": {"history": again}, "$inc": {"version": 1}}
    query = {"_id": application["_id"]}
    with planted(audited, "permits", "permit_applications", query, update) as identity:
        (line,) = find("requests")
        assert line.startswith(f"requests: permitApplications/{identity}: permits: {again['action']}")
        assert line.endswith("happened 2 times")


STATES: list[tuple[str, str, str, Row, Row, str]] = [
    (
        "dossier",
        "dossiers",
        "dossiers",
        {"state": 10},
        {"state": 9},
        "state is COMPLETED; its history leads to RETURNED",
    ),
    ("dossier", "dossiers", "dossiers", {"state": 10}, {"delivery_state": "failed"}, "delivery_state is FAILED"),
    ("dossier", "dossiers", "dossiers", {"state": 11}, {"waits_for": "clerk"}, "waits_for is clerk"),
    ("dossier", "consultations", "consultations", {"state": "answered"}, {"state": "lapsed"}, "state is LAPSED"),
    ("permits", "permit_applications", "permitApplications", {"state": "ISSUED"}, {"state": "CLOSED"}, "CLOSED"),
    ("permits", "permit_applications", "permitApplications", {}, {"awaited_role": "LEADER"}, "awaited_role is LEADER"),
    ("permits", "permits", "permits", {}, {"state": "NUMBERED"}, "state is NUMBERED"),
]


@pytest.mark.parametrize(("service", "collection", "resource", "query", "change", "text"), STATES)
def test_a_state_that_the_history_does_not_lead_to_is_found(
    audited: Audited, find: Find, service: str, collection: str, resource: str, query: Row, change: Row, text: str
) -> None:
    with planted(audited, service, collection, query, {"$set": change}) as identity:
        lines = find("states")
        assert lines
        assert all(line.startswith(f"states: {resource}/{identity}: ") for line in lines)
        assert any(text in line for line in lines)
    assert find("states") == []


# ── events ─────────────────────────────────────────────────────────────────────────────────────────────────────────

APPLICATIONS = ("permits", "permit_applications")


def forgets(task: str) -> Row:
    """The history no longer knows a task."""
    return {"$pull": {"history": {"action": task}}}


UNDONE: dict[str, tuple[str, str, Row, Row | None]] = {
    "identity.record_access": ("identity", "access_entries", {}, None),
    "dossier.check_upload": (
        "dossier",
        "dossiers",
        {"papers.uploads.0.state": "checked"},
        {"$set": {"papers.uploads.0.state": "checking"}},
    ),
    "dossier.issue_slip": ("dossier", "dossiers", {"slips.0": {"$exists": True}}, {"$pop": {"slips": -1}}),
    "dossier.deliver_result": ("dossier", "documents", {"kind": "result"}, {"$set": {"delivery_time": None}}),
    "permits.open_application": (*APPLICATIONS, {}, forgets("permits.open_application")),
    "permits.take_supplement": (*APPLICATIONS, {}, forgets("permits.take_supplement")),
    "permits.take_consultation": (*APPLICATIONS, {}, forgets("permits.take_consultation")),
    "permits.run_checks": (*APPLICATIONS, {}, {"$set": {"state": "OPENED"}}),
    "permits.start_processing": ("dossier", "dossiers", {"state": 10}, {"$set": {"state": 2}}),
    "permits.request_supplement": ("dossier", "dossiers", {"state": 10}, {"$set": {"supplement": None}}),
    "permits.request_consultation": (*APPLICATIONS, {}, forgets("permits.request_consultation")),
    "permits.issue_permit": ("permits", "permits", {}, {"$set": {"state": "NUMBERED"}}),
    "permits.return_result": ("dossier", "dossiers", {"state": 10}, {"$set": {"results": []}}),
    "notify.tell": ("notify", "notifications", {"channel": "sms"}, None),
}
"""By task, what is as if it had not happened: where, which document, what is changed; None for the whole document."""

SENT_IN_VAIN = {
    "permits.close_application": "dossier.withdrawn",
    "permits.return_refusal": "application.refused",
    "dossier.recompute_due": "calendar.changed",
}
"""Tasks of events that the main job does not make: one is put into the journal, and nothing was done about it."""


OVERDUE = "notify.deliver"
"""What it has not done its own sweep does a little later, so that it is not planted in the suite."""


def test_each_subscriber_is_caught_in_one_way_or_the_other() -> None:
    assert PROBES.keys() == UNDONE.keys() | SENT_IN_VAIN.keys() | {OVERDUE}


@pytest.mark.parametrize("task", UNDONE)
def test_an_event_that_a_subscriber_did_not_consume_is_found(audited: Audited, find: Find, task: str) -> None:
    service, collection, query, update = UNDONE[task]
    with planted(audited, service, collection, query, update):
        lines = find("events")
        assert any(f"→ {task}: " in line for line in lines), lines
    assert find("events") == []


@pytest.mark.parametrize("task", SENT_IN_VAIN)
def test_an_event_that_the_broker_lost_is_found(audited: Audited, find: Find, task: str) -> None:
    service = "permits" if SENT_IN_VAIN[task].startswith("application") else "dossier"
    journal = audited.collection(service, sent.COLLECTION)
    kind = "application.opened" if service == "permits" else "dossier.accepted"
    row = journal.find_one({"event.type": kind})
    assert row is not None
    event = {**row["event"], "id": f"{row['event']['subject']}#99.0", "type": SENT_IN_VAIN[task]}
    if task == "dossier.recompute_due":
        event["subject"] = "calendars/nowhere"
    journal.insert_one({**row, "_id": event["id"], "event": event})
    state = {"$set": {"state": 4}} if task == "permits.return_refusal" else {"$set": {"end_reason": "spoilt"}}
    with planted(audited, "dossier", "dossiers", {"state": 10}, state):
        lines = find("events")
    journal.delete_one({"_id": event["id"]})
    assert any(line.startswith(f"events: {event['id']}: {event['type']} → {task}: ") for line in lines), lines
    assert find("events") == []


def test_an_event_that_was_given_up_is_found(audited: Audited, find: Find) -> None:
    letters = audited.collection("notify", dead_letters.COLLECTION)
    row = audited.collection("dossier", sent.COLLECTION).find_one({"event.type": "dossier.accepted"})
    assert row is not None
    letter = {"_id": f"notify.tell:{row['_id']}", "task": "notify.tell", "event": row["event"], "error": "Boom: no"}
    letters.insert_one(letter)
    assert find("events") == [f"events: {row['_id']}: notify.tell gave up: Boom: no"]
    letters.delete_one({"_id": letter["_id"]})


def test_an_event_that_waits_is_found(apart: Audited) -> None:
    event = {"id": "documents/1#1.0", "type": "document.uploaded"}
    apart.collection("dossier", "documents").insert_one({"_id": "1", "pending": True, "outbox": [event]})
    assert audit(apart, only={"events"}).wrong == [f"events: {event['id']}: document.uploaded waits in its outbox"]


def test_a_message_that_should_have_gone_out_is_found(apart: Audited) -> None:
    name, due = "notifications/1", apart.now - 2 * PATIENCE
    event = {"id": f"{name}#1.0", "type": "notification.queued", "subject": name, "time": due, "data": {}}
    notification = {"_id": "1", "state": "queued", "next_attempt_time": due}
    apart.collection("notify", "notifications").insert_one(notification)
    apart.collection("notify", sent.COLLECTION).insert_one({"_id": event["id"], "sent_time": due, "event": event})
    (line,) = audit(apart, only={"events"}).wrong
    assert line.startswith(f"events: {event['id']}: notification.queued → {OVERDUE}: it is queued and was due at ")


# ── messages ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_message_that_nobody_has_is_found(audited: Audited, find: Find) -> None:
    with planted(audited, "notify", "inbox_messages", {}, None) as identity:
        assert find("messages") == [
            f"messages: notifications/{identity}: is said to be sent by inbox, and nobody has it"
        ]


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_message_that_nobody_sent_is_found(audited: Audited, find: Find, channel: str) -> None:
    query = {"channel": channel, "state": "accepted"}
    with planted(audited, "notify", "notifications", query, {"$set": {"state": "failed"}}) as identity:
        assert find("messages") == [
            f"messages: notifications/{identity}: went out by {channel}, and nothing says that it was sent"
        ]


@pytest.mark.parametrize(("attempts", "wrong"), [(1, 1), (2, 0)])
def test_a_message_that_was_sent_twice_is_found_unless_nobody_acknowledged_it(
    audited: Audited, find: Find, tmp_path: Path, attempts: int, wrong: int
) -> None:
    with Sinks(tmp_path) as sinks:
        for name in ("messages", "emails"):
            for row in requests.get(f"{audited.sink}/{name}", timeout=5).json()[name]:
                folder = sinks.sms if name == "messages" else sinks.email
                content = json.dumps(row).encode() if name == "messages" else f"Message-ID: <{row['key']}@x>".encode()
                folder.keep(row["key"] if name == "messages" else f"<{row['key']}@x>", content)
        subject = replace(audited, sink=sinks.sms_url)
        assert find("messages", subject) == []
        (first, *_) = requests.get(f"{sinks.sms_url}/messages", timeout=5).json()["messages"]
        sinks.sms.keep(first["key"], b"{}")
        begun = {"$push": {"history": {"$each": [{"action": "notify.deliver"}] * (attempts - 1)}}}
        query = {"_id": first["key"]}
        if attempts == 1:
            lines = find("messages", subject)
        else:
            with planted(audited, "notify", "notifications", query, begun):
                lines = find("messages", subject)
                apart = audit(subject, only={"messages"}).figures["messages"]["apart"]
            assert apart == {"sent again because nobody acknowledged": 1}
        assert len(lines) == wrong


# ── numbers ────────────────────────────────────────────────────────────────────────────────────────────────────────


NUMBERS: list[tuple[str, str, Row, Row, str]] = [
    ("dossier", "sequences", {"last": {"$gt": 0}}, {"$inc": {"last": 1}}, "the last number given is"),
    (
        "dossier",
        "dossiers",
        {"slips.0": {"$exists": True}},
        {"$set": {"slips.0.number": "H29-1/01"}},
        "is number H29-1/01",
    ),
    ("dossier", "documents", {"kind": "slip"}, {"$set": {"number": "H29-1/02"}}, "is number H29-1/02"),
    ("permits", "permit_counters", {"value": {"$gt": 0}}, {"$inc": {"value": 1}}, "the last number given is"),
    ("permits", "permits", {}, {"$inc": {"sequence": 1}}, "never given: ["),
    ("permits", "permits", {}, {"$set": {"number": "1/2026/GPXD"}}, "is number 1/2026/GPXD, should be"),
]


@pytest.mark.parametrize(("service", "collection", "query", "update", "text"), NUMBERS)
def test_a_number_that_is_wrong_is_found(
    audited: Audited, find: Find, service: str, collection: str, query: Row, update: Row, text: str
) -> None:
    with planted(audited, service, collection, query, update):
        lines = find("numbers")
        assert any(text in line for line in lines), lines
    assert find("numbers") == []


def test_a_gap_and_a_duplicate_in_codes_are_found(audited: Audited, find: Find) -> None:
    dossiers = audited.collection("dossier", "dossiers")
    first = dossiers.find_one({"code": {"$gt": ""}})
    assert first is not None
    stem = first["code"].rpartition("-")[0]
    dossiers.insert_one({**first, "_id": "planted", "code": f"{stem}-0099", "created_by": "planted", "slips": []})
    gap = find("numbers")
    dossiers.update_one({"_id": "planted"}, {"$set": {"code": f"{first['code'][:-4]}0{first['code'][-4:]}"}})
    twice = find("numbers")
    dossiers.delete_one({"_id": "planted"})
    assert any("never given: [" in line for line in gap)
    assert any("given twice: [" in line for line in twice)


# ── objects ────────────────────────────────────────────────────────────────────────────────────────────────────────


NAMED: list[tuple[str, str, Row, str]] = [
    ("dossier", "documents", {"sha256": "0" * 64}, "has SHA-256"),
    ("dossier", "documents", {"stored_version": "f" * 32}, "has no dossiers/"),
    ("dossier", "dossiers", {"papers.uploads.0.sha256": "0" * 64}, "has SHA-256"),
    ("permits", "permits", {"document_sha256": "0" * 64}, "has SHA-256"),
    ("permits", "permits", {"document_key": "permits/none.pdf"}, "has no permits/none.pdf"),
]


@pytest.mark.parametrize(("service", "collection", "change", "text"), NAMED)
def test_bytes_that_are_not_as_recorded_are_found(
    audited: Audited, find: Find, service: str, collection: str, change: Row, text: str
) -> None:
    query = {"papers.uploads.0.state": "checked"} if collection == "dossiers" else {}
    with planted(audited, service, collection, query, {"$set": change}) as identity:
        lines = find("objects")
        assert any(identity in line and text in line for line in lines), lines
    assert find("objects") == []


@pytest.mark.parametrize("service", ["dossier", "permits"])
def test_bytes_that_nobody_names_are_found(audited: Audited, find: Find, service: str) -> None:
    bucket = audited.buckets[service]
    written = bucket.client.put_object(bucket.name, "dossiers/none/slips/01.pdf", io.BytesIO(b"x"), 1)
    lines = find("objects")
    bucket.client.remove_object(bucket.name, "dossiers/none/slips/01.pdf", version_id=written.version_id)
    assert lines == [f"objects: {bucket.name}/dossiers/none/slips/01.pdf: no document names it"]


def test_an_upload_that_was_not_finished_is_told_apart(audited: Audited) -> None:
    bucket, dossier = audited.buckets["dossier"], audited.collection("dossier", "dossiers").find_one({})
    assert dossier is not None
    key = f"dossiers/{dossier['_id']}/uploads/unfinished"
    written = bucket.client.put_object(bucket.name, key, io.BytesIO(b"x"), 1)
    figures = audit(audited, only={"objects"}).figures["objects"]
    bucket.client.remove_object(bucket.name, key, version_id=written.version_id)
    assert (figures["wrong"], figures["apart"]) == (0, {"uploads that were not finished": 1})
