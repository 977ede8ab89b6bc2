"""Queues by unit, role, officer and due date; lists by owner; pages that see everything once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from motcua.dossier.v1 import dossier_pb2 as pb
from motcua_client import errors
from motcua_kit.store.paging import behind
from motcua_kit.testing import officer

Office = Any


def names(response: pb.ListQueueResponse) -> list[str]:
    return [dossier.name for dossier in response.dossiers]


def test_each_role_sees_what_waits_for_it(office: Office, people: SimpleNamespace) -> None:
    submitted = office.submitted()
    accepted = office.accepted()
    processing = office.processing()
    office.draft()
    office.receiver.RefuseDossier(
        pb.RefuseDossierRequest(name=office.submitted().name, reason="sai", legal_reference=people.law)
    )
    for role, expected in (
        ("reception_officer", [submitted.name]),
        ("unit_head", [accepted.name]),
        ("handler", [processing.name]),
        ("clerk", []),
    ):
        queue = office.receiver.ListQueue(pb.ListQueueRequest(parent=people.ward, role=role))
        assert names(queue) == expected, role
    everything = office.receiver.ListQueue(pb.ListQueueRequest(parent=people.ward))
    assert set(names(everything)) == {submitted.name, accepted.name, processing.name}
    assert all(not dossier.HasField("form") and not dossier.applicant_name for dossier in everything.dossiers)


def test_the_most_urgent_comes_first(office: Office, people: SimpleNamespace) -> None:
    house = office.processing()
    copy = office.draft(
        procedure="procedures/2.000815",
        form={"copy": {"paper": "Bằng", "pages": 1, "copies": 1, "many_papers": False}},
    )
    office.provide(copy.name, "original")
    office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=copy.name))
    office.receiver.AcceptDossier(pb.AcceptDossierRequest(name=copy.name))
    office.handler.StartProcessing(pb.StartProcessingRequest(name=copy.name))
    queue = office.handler.ListQueue(pb.ListQueueRequest(parent=people.ward, role="handler"))
    assert names(queue) == [copy.name, house.name]

    before = Timestamp()
    before.FromDatetime(datetime(2026, 11, 24, tzinfo=UTC))
    urgent = office.handler.ListQueue(pb.ListQueueRequest(parent=people.ward, due_before_time=before))
    assert names(urgent) == [copy.name]


def test_a_moment_outside_the_calendar_is_refused_with_the_field(office: Office, people: SimpleNamespace) -> None:
    request = pb.ListQueueRequest(parent=people.ward, due_before_time=Timestamp(seconds=10**15))
    with pytest.raises(errors.ValidationFailed) as refused:
        office.handler.ListQueue(request)
    assert [violation.field for violation in refused.value.violations] == ["due_before_time"]


def test_an_officer_sees_their_own_work(office: Office, people: SimpleNamespace) -> None:
    mine, _other = office.processing(), office.processing()
    head = office.as_(officer("unit_head", people.ward))
    assigned = head.AssignDossier(pb.AssignDossierRequest(name=mine.name, handler=people.handler))
    assert assigned.handler == people.handler
    queue = office.handler.ListQueue(pb.ListQueueRequest(parent=people.ward, handler=people.handler))
    assert names(queue) == [mine.name]


def test_another_units_queue_is_hidden(office: Office, people: SimpleNamespace) -> None:
    with pytest.raises(errors.NotFound):
        office.receiver.ListQueue(pb.ListQueueRequest(parent=people.other_ward))


def test_pages_show_everything_once(office: Office) -> None:
    drafts = []
    for _ in range(5):
        drafts.append(office.draft().name)
        office.clock.move(timedelta(seconds=1))
    seen: list[str] = []
    token = ""
    while True:
        page = office.citizen.ListDossiers(pb.ListDossiersRequest(page_size=2, page_token=token))
        seen += [dossier.name for dossier in page.dossiers]
        token = page.next_page_token
        if not token:
            break
    assert seen == list(reversed(drafts))
    first = office.citizen.ListDossiers(pb.ListDossiersRequest(page_size=2))
    with pytest.raises(errors.ValidationFailed) as other_call:
        office.citizen.ListDossiers(
            pb.ListDossiersRequest(page_token=first.next_page_token, state=pb.Dossier.STATE_DRAFT)
        )
    assert other_call.value.reason == "PAGE_TOKEN_INVALID"


def test_a_dossier_is_found_by_its_code(office: Office) -> None:
    office.submitted()
    wanted = office.submitted()
    found = office.receiver.ListDossiers(pb.ListDossiersRequest(code=wanted.code))
    assert [dossier.name for dossier in found.dossiers] == [wanted.name]


def test_queues_walk_their_indexes(office: Office, people: SimpleNamespace) -> None:
    """A page is read from ranges of an index of open work only, wherever it begins."""
    office.submitted()
    collection = office.running.runtime.store.collection("dossiers")
    query = {"unit": people.ward, "waits_for": "reception_officer"}
    order = [("queue_time", 1), ("_id", 1)]
    later = behind(query, order, [office.clock.now, "d" * 32])
    for part in (query, *later):
        plan = collection.find(part).sort(order).explain()["queryPlanner"]["winningPlan"]
        (scan,) = [stage for stage in stages(plan) if stage["stage"] == "IXSCAN"]
        assert scan["indexName"].startswith("queue_of_"), part
    assert [part["queue_time"] for part in later] == [office.clock.now, {"$gt": office.clock.now}]


def stages(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    if "inputStage" in plan:
        yield from stages(plan["inputStage"])


def test_a_due_date_narrows_every_page(office: Office, people: SimpleNamespace) -> None:
    for _ in range(3):
        office.submitted()
        office.clock.move(timedelta(minutes=1))
    before = Timestamp()
    before.FromDatetime(office.clock.now - timedelta(minutes=1))
    request = pb.ListQueueRequest(parent=people.ward, due_before_time=before, page_size=1)
    first = office.receiver.ListQueue(request)
    request.page_token = first.next_page_token
    second = office.receiver.ListQueue(request)
    assert not set(names(first)) & set(names(second))
    assert (len(names(second)), second.next_page_token) == (1, "")


def test_many_at_once_get_numbers_without_gap_or_double(office: Office) -> None:
    drafts = [office.complete_draft() for _ in range(6)]

    def submit(draft: pb.Dossier) -> str:
        return str(office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name)).code)

    # Each is submitted twice, all at the same time.
    with ThreadPoolExecutor(max_workers=6) as pool:
        codes = list(pool.map(submit, [*drafts, *drafts]))
    assert codes[:6] == codes[6:]
    assert sorted(codes[:6]) == [f"H29.26740-261123-{number:04d}" for number in range(1, 7)]
