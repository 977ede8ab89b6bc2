"""Killed in the middle and run again: one number, one document, one result. And numbers without gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from motcua.dossier.v1 import dossier_pb2
from motcua.permits.v1 import application_pb2 as pb
from motcua_client import DeadlineExceeded
from motcua_permits.adapters.archive import ObjectArchive
from motcua_permits.adapters.book import MongoPermitBook


def task_event(desk: Any, type_: str) -> dict[str, Any]:
    return next(event for event in desk.running.events() if event["type"] == type_)


class Killed(Exception):
    """The process ends here."""


@pytest.fixture
def kill_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, str], None]:
    """Make a method end its process, once, after it has done its work."""

    def arm(cls: type, method: str) -> None:
        real = getattr(cls, method)
        armed = [True]

        def killed(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = real(self, *args, **kwargs)
            if armed.pop() if armed else False:
                raise Killed
            return result

        monkeypatch.setattr(cls, method, killed)

    return arm


def assert_issued_once(desk: Any, name: str) -> None:
    assert desk.numbers() == [1]
    assert desk.stored_versions() == 1
    assert desk.get(name).state == pb.PermitApplication.STATE_ISSUED
    assert len(desk.around.dossiers.results) == 1
    assert len(desk.around.dossiers.dossier.results) == 1
    assert desk.around.dossiers.dossier.state == dossier_pb2.Dossier.STATE_COMPLETED


@pytest.mark.parametrize(("cls", "method"), [(MongoPermitBook, "enter"), (ObjectArchive, "keep")])
def test_a_worker_killed_while_issuing(
    desk: Any, kill_after: Callable[[type, str], None], cls: type, method: str
) -> None:
    name = desk.open()
    desk.grant(name)
    approved = task_event(desk, "application.approved")
    kill_after(cls, method)
    with pytest.raises(Killed):
        desk.running.receive("permits.issue_permit", approved)
    desk.running.receive("permits.issue_permit", approved)
    desk.running.receive("permits.issue_permit", approved)
    desk.running.work()
    assert_issued_once(desk, name)


@pytest.mark.parametrize("rpc", ["GetUnit", "GetAccount"])
def test_an_outage_of_identity_while_issuing(desk: Any, rpc: str) -> None:
    name = desk.open()
    desk.grant(name)
    approved = task_event(desk, "application.approved")
    desk.around.outage.left[rpc] = 1
    with pytest.raises(DeadlineExceeded):
        desk.running.receive("permits.issue_permit", approved)
    desk.running.work()
    assert_issued_once(desk, name)


@pytest.mark.parametrize(
    "moment",
    [
        "CreateResultUpload",
        "after CreateResultUpload",
        "AttachResult",
        "after AttachResult",
        "CompleteDossier",
        "after CompleteDossier",
    ],
)
def test_an_outage_of_the_dossier_service_while_returning(desk: Any, moment: str) -> None:
    name = desk.open()
    desk.grant(name)
    desk.running.receive("permits.issue_permit", task_event(desk, "application.approved"))
    issued = task_event(desk, "permit.issued")
    desk.around.outage.left[moment] = 1
    with pytest.raises(DeadlineExceeded):
        desk.running.receive("permits.return_result", issued)
    desk.running.work()
    desk.running.receive("permits.return_result", issued)
    assert_issued_once(desk, name)


@pytest.mark.parametrize("task", ["permits.open_application", "permits.run_checks", "permits.start_processing"])
def test_an_event_that_comes_twice_changes_nothing(desk: Any, task: str) -> None:
    accepted = desk.accepted()
    desk.running.receive("permits.open_application", accepted)
    opened = task_event(desk, "application.opened")
    desk.running.work()
    name = f"permitApplications/{'d' * 32}"
    before = desk.get(name)
    desk.running.receive(task, accepted if task == "permits.open_application" else opened)
    assert desk.get(name) == before
    assert len(desk.around.dossiers.calls) == 1


def test_a_second_acceptance_of_the_same_dossier_opens_no_second_application(desk: Any) -> None:
    name = desk.open()
    again = {**desk.accepted(), "id": "another-event"}
    desk.running.receive("permits.open_application", again)
    assert desk.running.runtime.store.collection("permit_applications").count_documents({}) == 1
    assert desk.get(name).state == pb.PermitApplication.STATE_UNDER_REVIEW


def digits(count: int) -> Iterator[str]:
    yield from "0123456789abcdef"[:count]


def test_numbers_have_no_gaps_when_many_permits_are_issued_at_once(desk: Any) -> None:
    for digit in digits(12):
        desk.running.receive("permits.open_application", {**desk.accepted(digit), "id": f"accepted-{digit}"})
    desk.running.work()
    for digit in digits(12):
        desk.grant(f"permitApplications/{digit * 32}")
    events = [event for event in desk.running.events() if event["type"] == "application.approved"]
    assert len(events) == 12
    desk.around.outage.left["GetAccount"] = 3

    def issue(event: dict[str, Any]) -> bool:
        try:
            desk.running.receive("permits.issue_permit", event)
        except DeadlineExceeded:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(issue, events))
    assert done.count(False) == 3
    assert desk.numbers() == list(range(1, 13))
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(issue, events))
    assert desk.numbers() == list(range(1, 13))
    assert desk.stored_versions() == 12


def test_each_unit_and_year_has_a_sequence_of_its_own(desk: Any) -> None:
    desk.grant(desk.open("1"))
    desk.running.work()
    desk.running.runtime.clock.move(timedelta(days=60))
    desk.around.dossiers.dossier.ClearField("results")
    desk.grant(desk.open("2"))
    desk.running.work()
    numbers = {one["number"] for one in desk.running.runtime.store.collection("permits").find()}
    assert numbers == {"0001/2026/GPXD", "0001/2027/GPXD"}
