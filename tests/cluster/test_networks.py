"""Every edge of the topology works, every other pair of pods is blocked."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from motcua_devstack.cluster.installation import CHART, RELEASE, Installation
from motcua_devstack.stack import TOPOLOGY
from motcua_kit.topology import Topology
from motcua_ops.naming import SERVICES, WITH_HTTP

PROBE = (Path(__file__).parent / "probes" / "connections.py").read_text()


@dataclass(frozen=True)
class Place:
    """Somewhere in the suite that listens.

    Attributes:
        name: of its Service, without the release.
        port: where it listens.
    """

    name: str
    port: int


GRPC = {service: Place(service, 50051) for service in SERVICES}
HTTP = {f"{service}-http": Place(f"{service}-http", 8080) for service in WITH_HTTP}
OTHERS = {
    "mongodb": Place("mongodb", 27017),
    "object-store": Place("minio", 9000),
    "broker": Place("valkey", 6379),
    "telemetry": Place("otel", 4317),
    "traces": Place("otel", 16686),
    "eid": Place("eid", 8080),
    "mail": Place("sinks", 2525),
    "sms": Place("sinks", 8025),
}
PLACES = {**GRPC, **HTTP, **OTHERS}
CALLERS = ("grpc", "worker")
NEEDS = yaml.safe_load((CHART / "files" / "needs.yaml").read_text())
KINDS = [
    (service, process)
    for service, processes in NEEDS.items()
    for process in processes
    if process in ("grpc", "http", "worker", "scheduler") and (service, process) != ("identity", "scheduler")
]
"""What runs all the time with the values of the installation; the e-ID, the stores and Jobs are no services."""


def expected(service: str, process: str) -> set[Place]:
    """What a process of a service may reach: its own needs, telemetry, and the calls of its service."""
    reach = {PLACES[need] for need in (*NEEDS[service][process], "telemetry") if need in PLACES}
    if process in CALLERS:
        reach |= {GRPC[callee] for caller, callee in Topology.load(TOPOLOGY).calls if caller == service}
    return reach


@pytest.fixture(scope="module")
def addresses(empty: Installation, install_seconds: float) -> dict[Place, str]:
    """An address of a pod behind each Service: policies are about pods."""
    assert install_seconds > 0
    empty.settle()
    slices = empty.kubectl.items("endpointslices")
    by_name = {one["metadata"]["labels"]["kubernetes.io/service-name"]: one["endpoints"] for one in slices}
    return {place: by_name[f"{RELEASE}-{place.name}"][0]["addresses"][0] for place in PLACES.values()}


def reached(suite: Installation, pod: str, addresses: dict[Place, str], places: Iterable[Place]) -> set[Place]:
    """Which of the places a pod can connect to."""
    asked = list(places)
    targets = json.dumps([(addresses[place], place.port) for place in asked])
    answers = json.loads(suite.kubectl.exec(pod, "python", "-c", PROBE, given=targets))
    return {place for place, answer in zip(asked, answers, strict=True) if answer}


@pytest.mark.parametrize(("service", "process"), KINDS, ids=[f"{service} {process}" for service, process in KINDS])
def test_edges(suite: Installation, addresses: dict[Place, str], service: str, process: str) -> None:
    pod, *_ = suite.pods(service=service, process=process)
    others = [place for place in PLACES.values() if addresses[place] != pod["status"]["podIP"]]
    assert reached(suite, pod["metadata"]["name"], addresses, others) == expected(service, process)
