"""Every edge of the topology works, every other pair of pods is blocked."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from motcua_devstack.cluster.installation import RELEASE, Installation
from motcua_devstack.stack import SERVICES, TOPOLOGY, WITH_HTTP
from motcua_kit.topology import Topology

PROBE = """
import concurrent.futures, json, socket, sys

def reached(target):
    host, port = target
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError:
        return False
    return True

targets = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print(json.dumps(list(pool.map(reached, targets))))
"""
STORES = {"mongodb": 27017, "minio": 9000, "valkey": 6379, "otel": 4317}
OUTSIDE = {"eid": 8080, "sinks": 8025}


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
HTTP = {service: Place(f"{service}-http", 8080) for service in WITH_HTTP}
STORE = {name: Place(name, port) for name, port in STORES.items()}
WORLD = {name: Place(name, port) for name, port in OUTSIDE.items()}
EVERYTHING = [*GRPC.values(), *HTTP.values(), *STORE.values(), *WORLD.values()]


def expected(service: str, process: str) -> set[Place]:
    """What a process of a service may reach."""
    topology = Topology.load(TOPOLOGY)
    reach = {STORE["mongodb"], STORE["otel"], STORE["valkey"]}
    if process == "scheduler":
        return reach
    reach |= {GRPC[callee] for caller, callee in topology.calls if caller == service}
    reach |= {HTTP["identity"]}
    return reach


@pytest.fixture(scope="module")
def addresses(empty: Installation, install_seconds: float) -> dict[Place, str]:
    """An address of a pod behind each Service: policies are about pods."""
    assert install_seconds > 0
    empty.settle()
    slices = empty.kubectl.items("endpointslices")
    by_name = {one["metadata"]["labels"]["kubernetes.io/service-name"]: one["endpoints"] for one in slices}
    return {place: by_name[f"{RELEASE}-{place.name}"][0]["addresses"][0] for place in EVERYTHING}


def reached(suite: Installation, pod: str, addresses: dict[Place, str], places: Iterable[Place]) -> set[Place]:
    """Which of the places a pod can connect to."""
    asked = list(places)
    targets = json.dumps([(addresses[place], place.port) for place in asked])
    answers = json.loads(suite.kubectl.exec(pod, "python", "-c", PROBE, given=targets))
    return {place for place, answer in zip(asked, answers, strict=True) if answer}
