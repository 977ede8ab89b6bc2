"""The Lease of Kubernetes against real HTTP: two contenders, lost races, silent holders, an API server that is away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from motcua_client import wait_for
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.lease import LeaseUnavailable
from motcua_kit.lease.kubernetes import KubernetesLease
from motcua_kit.store import Store

NAME, NAMESPACE = "motcua-dossier-scheduler", "here"
TOPOLOGY = Path(__file__).parents[4] / "telemetry" / "topology.yaml"


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


Contender = Callable[..., KubernetesLease]


@pytest.fixture
def contender(leases: Any, seconds: Seconds) -> Contender:
    def make(duration: float = 15, clock: Any = seconds) -> KubernetesLease:
        configuration = client.Configuration(host=leases.url)
        configuration.retries = False
        return KubernetesLease(NAME, NAMESPACE, timedelta(seconds=duration), configuration, clock)

    return make


def test_one_of_two_has_it_and_only_get_and_update_are_needed(contender: Contender, leases: Any) -> None:
    first, second = contender(), contender()
    assert first.acquire()
    assert not second.acquire()
    assert first.acquire()
    spec = leases.lease["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (first.holder, 15, 1)
    assert set(leases.methods) == {"GET", "PUT"}


def test_a_holder_is_silent_after_its_duration_since_we_look_whatever_its_clock_says(
    contender: Contender, leases: Any, seconds: Seconds
) -> None:
    first, second = contender(), contender()
    assert first.acquire()
    leases.lease["spec"]["renewTime"] = "2020-01-01T00:00:00.000001Z"  # its clock is years behind
    seconds.now += 100  # nobody looked meanwhile
    assert not second.acquire()
    seconds.now += 14.9
    assert not second.acquire()
    seconds.now += 0.1
    assert second.acquire()
    assert not first.acquire()
    assert leases.lease["spec"]["leaseTransitions"] == 2


def test_a_holder_that_renews_keeps_it(contender: Contender, seconds: Seconds) -> None:
    first, second = contender(), contender()
    for _ in range(4):
        assert first.acquire()
        assert not second.acquire()
        seconds.now += 10


def test_what_is_given_back_is_free_at_once_and_only_the_holder_gives_it_back(
    contender: Contender, leases: Any
) -> None:
    first, second = contender(), contender()
    assert first.acquire()
    second.release()
    assert leases.holder == first.holder
    first.release()
    assert leases.holder == ""
    assert second.acquire()


def test_who_read_an_older_version_loses_the_race(contender: Contender, leases: Any) -> None:
    first, second = contender(), contender()
    read = first._get()
    assert second.acquire()
    read.spec.holder_identity = first.holder
    assert not first._update(read)
    assert leases.holder == second.holder


@pytest.mark.parametrize("status", [HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR])
def test_a_refusal_of_the_api_server_is_told(contender: Contender, leases: Any, status: HTTPStatus) -> None:
    leases.answer = status
    with pytest.raises(LeaseUnavailable, match=f"answers {status.value}"):
        contender().acquire()


def test_a_holder_without_an_api_server_stops_before_its_lease_runs_out(contender: Contender, leases: Any) -> None:

    lease, other = contender(2, time.monotonic), contender(2, time.monotonic)
    with lease.hold() as lost:
        assert not other.acquire()  # it begins to look
        leases.answer = HTTPStatus.SERVICE_UNAVAILABLE
        assert lost.wait(10)
        leases.answer = HTTPStatus.OK
        assert not other.acquire()
    assert other.acquire()


@pytest.fixture
def scheduler(
    leases: Any, servers: EmbeddedServers, store: Store, tmp_path: Path
) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    kubeconfig = tmp_path / "kubeconfig"
    named = {"cluster": "c", "user": "u"}
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "current-context": "x",
                "contexts": [{"name": "x", "context": named}],
                "clusters": [{"name": "c", "cluster": {"server": leases.url}}],
                "users": [{"name": "u", "user": {}}],
            }
        )
    )
    environment = {
        "PROFILE": "local",
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": store.database.name,
        "BROKER_URL": servers.broker_url,
        "TOPOLOGY_FILE": str(TOPOLOGY),
        "LEADER_ELECTION": "kubernetes",
        "LEASE_NAME": NAME,
        "LEASE_NAMESPACE": NAMESPACE,
        "KUBECONFIG": str(kubeconfig),
        "HOME": str(tmp_path),
    }
    started: list[subprocess.Popen[bytes]] = []

    def start(*services: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "motcua_kit.scheduler", *(f"--service={name}" for name in services)]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))  # noqa: S603
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.timeout(120)
def test_another_scheduler_takes_over_when_the_leader_is_killed_and_at_once_when_it_ends(
    scheduler: Callable[[str], subprocess.Popen[bytes]], leases: Any
) -> None:
    first = scheduler("dossier")
    wait_for(lambda: leases.holder, lambda holder: f"/{first.pid}/" in holder)
    second = scheduler("dossier")
    reads = len(leases.methods)
    wait_for(lambda: len(leases.methods), lambda now: now > reads + 4)
    assert f"/{first.pid}/" in leases.holder
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: leases.holder, lambda holder: f"/{second.pid}/" in holder)
    second.terminate()
    output, _ = second.communicate(timeout=30)
    assert second.returncode == 0, output
    assert leases.holder == ""


def test_the_lease_of_one_service_is_not_for_several(scheduler: Callable[..., subprocess.Popen[bytes]]) -> None:
    refused = scheduler("dossier", "land")
    output, _ = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert b"give one --service" in output
