"""The main job's telemetry: every action one trace, every declared edge in it, nothing unregistered, nobody's data."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from motcua_client import wait_for
from motcua_devstack import cast, spans, traces
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.steps import trace_problems
from motcua_devstack.demo.walk import APPLICANT, Walk
from motcua_devstack.eid.people import PEOPLE_FILE, load_people
from motcua_devstack.paths import ROOT
from motcua_devstack.stack import TOPOLOGY
from motcua_devstack.traces import Span
from motcua_kit.topology import Topology
from motcua_ops.naming import SERVICES

REGISTRY = yaml.safe_load((ROOT / "telemetry" / "registry.yaml").read_text())
WIRING = Topology.load(TOPOLOGY)
OURS = "motcua."
PYTHON_TYPES = {"string": str, "boolean": bool, "int": int, "double": float}

MAIN_JOB_EVENTS = {
    "access.recorded",
    "document.uploaded",
    "dossier.submitted",
    "dossier.accepted",
    "dossier.supplement_requested",
    "dossier.supplemented",
    "dossier.completed",
    "dossier.delivered",
    "consultation.requested",
    "consultation.answered",
    "application.opened",
    "application.supplement_needed",
    "application.consultation_needed",
    "application.approved",
    "permit.issued",
    "notification.queued",
}
"""Events of the main job; the others belong to its unhappy paths."""

WITH_OBJECTS = {"dossier", "permits"}


@pytest.fixture(scope="module")
def whole(main_job: MainJob, walk: Walk) -> list[Span]:
    """All spans since the stack was started, once none of them waits for its parent."""
    walk.observation.flush()
    return wait_for(
        lambda: spans.read(main_job.running.stack.spans),
        lambda found: not any(traces.orphans(trace) for trace in traces.by_trace(found).values()),
        seconds=30,
        what="spans without orphans",
    )


def test_each_action_is_one_whole_trace(main_job: MainJob, whole: list[Span]) -> None:
    found = traces.by_trace(whole)
    problems = [
        problem
        for name, trace_id in main_job.walk.traces.items()
        for problem in trace_problems(name, found.get(trace_id, []))
    ]
    assert not problems


def test_each_action_has_one_root(main_job: MainJob, whole: list[Span]) -> None:
    found = traces.by_trace(whole)
    for name, trace_id in main_job.walk.traces.items():
        assert [span["name"] for span in found[trace_id] if not span["parent_span_id"]] == [name]


def calls(found: Iterable[Span]) -> set[tuple[str, str]]:
    """Edges between services by gRPC, as parent and child spans show them."""
    by_id = {span["span_id"]: span for span in found}
    servers = (span for span in by_id.values() if traces.hop(span) == "rpc server" and span["parent_span_id"])
    return {(by_id[span["parent_span_id"]]["service"], span["service"]) for span in servers}


@pytest.mark.parametrize("edge", WIRING.calls, ids="→".join)
def test_declared_call_is_seen(whole: list[Span], edge: tuple[str, str]) -> None:
    assert edge in calls(whole)


def test_no_call_is_undeclared(whole: list[Span]) -> None:
    between_services = {edge for edge in calls(whole) if edge[0] in SERVICES}
    assert between_services <= set(WIRING.calls)


@pytest.mark.parametrize("event", sorted(MAIN_JOB_EVENTS))
def test_event_reaches_each_subscriber(whole: list[Span], event: str) -> None:
    by_id = {span["span_id"]: span for span in whole}
    handled = [span for span in whole if span["attributes"].get("motcua.event.type") == event]
    tasks = {span["attributes"]["celery.task_name"] for span in handled if traces.hop(span) == "task"}
    assert tasks == {subscription.task for subscription in WIRING.events[event]}
    senders = {by_id[span["parent_span_id"]]["service"] for span in handled if traces.hop(span) == "task"}
    assert senders <= {"scheduler", *SERVICES}


@pytest.mark.parametrize("service", SERVICES)
def test_service_talks_to_its_stores(main_job: MainJob, whole: list[Span], service: str) -> None:
    hops = {traces.hop(span) for span in whole if span["service"] == service}
    assert {"mongodb", "rpc server"} <= hops
    if service in WITH_OBJECTS:
        urls = [str(span["attributes"].get("http.url", "")) for span in whole if span["service"] == service]
        assert any(url.startswith(main_job.running.addresses.object_store) for url in urls)


def test_our_attributes_are_registered(whole: list[Span]) -> None:
    wrong = set()
    for span in whole:
        for key, value in span["attributes"].items():
            entry = REGISTRY["attributes"].get(key)
            if key.startswith(OURS):
                if entry is None or not isinstance(value, PYTHON_TYPES[entry["type"]]):
                    wrong.add(key)
            elif not key.startswith(tuple(REGISTRY["conventions"])):
                wrong.add(key)
    assert not wrong


def personal() -> dict[str, str]:
    """What must stand in no span and no log line, by what it is."""
    applicant = load_people(PEOPLE_FILE)[APPLICANT]
    data = {
        "citizen id": applicant.citizen_id,
        "name": applicant.name,
        "phone": applicant.phone.removeprefix("+84"),
        "e-mail": applicant.email,
        "address": applicant.address,
        "password": applicant.password,
    }
    return data | {f"name of {officer.username}": officer.full_name for officer in cast.OFFICERS}


TOKEN = re.compile(r"eyJ[\w-]{10,}\.eyJ|X-Amz-Signature=[0-9a-f]")
"""An access token, or a presigned request."""


def leaks(file: Path) -> set[str]:
    # As it is, and as JSON writes it.
    text = file.read_text(errors="replace")
    found = {what for what, value in personal().items() if value in text or ascii(value)[1:-1] in text}
    return found | ({"token"} if TOKEN.search(text) else set())


@pytest.mark.usefixtures("whole")
def test_no_personal_data_in_spans(main_job: MainJob) -> None:
    assert leaks(main_job.running.stack.spans) == set()


def test_no_personal_data_in_logs(main_job: MainJob) -> None:
    logs = sorted(main_job.running.stack.logs.glob("*.log"))
    assert len(logs) > len(SERVICES)
    assert {log.name: leaks(log) for log in logs if leaks(log)} == {}
