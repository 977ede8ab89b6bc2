"""The suite grows under load, clients find the new pod, and a drained node takes nothing along."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from motcua_client import wait_for
from motcua_devstack.cluster.installation import DEV_VALUES, SUITE, Installation
from motcua_devstack.cluster.load import Load
from motcua_ops.naming import SERVICES

HERE = Path(__file__).parent
GROWN_SECONDS = 240.0
DRAINED = "motcua.io/process in (grpc,http,worker,scheduler)"


@pytest.fixture(scope="module")
def spread(empty: Installation, install_seconds: float) -> Iterator[Installation]:
    """The suite with two pods of each kind, and dossier growing with its load."""
    assert install_seconds > 0
    empty.install(values=(DEV_VALUES, HERE / "values" / "spread.yaml"))
    empty.settle()
    yield empty
    empty.install()


def ready_pods(suite: Installation, service: str) -> set[str]:
    """Names of a service's gRPC pods that are ready."""
    return {
        pod["metadata"]["name"]
        for pod in suite.pods(service=service, process="grpc")
        if any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
    }


def nodes_of(suite: Installation, service: str) -> set[str]:
    """Where the gRPC pods of a service run."""
    return {pod["spec"]["nodeName"] for pod in suite.pods(service=service, process="grpc")}


def test_clients_spread_to_a_new_replica(spread: Installation, figure: Callable[[str, str], None]) -> None:
    before = ready_pods(spread, "dossier")
    with Load(spread, "load-scale", "--clients", "8", "--kind", "reads") as load:
        grown = wait_for(
            lambda: ready_pods(spread, "dossier"), lambda now: len(now - before) > 0, GROWN_SECONDS, "one more pod"
        )
        newcomers = grown - before
        wait_for(load.served_by, lambda served: bool(newcomers & served), 120, "calls at the new pod")
        summary = load.stop()
    assert summary["failed_after_retries"] == 0
    figure("autoscaling", f"{len(before)} → {len(grown)} pods; calls by pod {summary['per_peer']}")


def test_node_is_drained_under_load(spread: Installation, figure: Callable[[str, str], None]) -> None:
    nodes = {node["metadata"]["name"] for node in spread.kubectl.items("nodes")}
    if len(nodes) < 2:
        pytest.skip("needs a second node: cluster up --nodes 2")
    for service in SERVICES:
        assert nodes_of(spread, service) == nodes, f"the pods of {service} are not spread"
    guarded = {one["metadata"]["labels"]["motcua.io/service"] for one in spread.kubectl.items("pdb", SUITE)}
    assert guarded == set(SERVICES)
    # The development stores stay: their volumes are bound to a node.
    node = max(nodes)
    with Load(spread, "load-drain", "--clients", "2") as load:
        try:
            spread.kubectl(
                "drain",
                node,
                "--ignore-daemonsets",
                "--delete-emptydir-data",
                "--timeout=300s",
                "--pod-selector",
                DRAINED,
            )
            spread.settle()
            assert not any(node in nodes_of(spread, service) for service in SERVICES)
        finally:
            spread.kubectl("uncordon", node)
        summary = load.stop()
    assert summary["failed_after_retries"] == 0
    assert summary["lost"] == 0
    assert summary["doubled"] == 0
    figure("drain under load", str(summary))
