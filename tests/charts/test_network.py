"""NetworkPolicies: each edge of the topology and to the declared stores is open, every other pair of pods is closed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from chartkit.network import Endpoint, allowed
from chartkit.rendering import NAMESPACE, ROOT, Rendered, Workload, render, rendered, values_of, with_value
from motcua_kit.topology import Topology
from motcua_ops.naming import SERVICES

TOPOLOGY = Topology.load(ROOT / "telemetry" / "topology.yaml")
GRPC, HTTP, MONGODB, S3, BROKER, OTLP, TRACES, EID, SMTP, SMS = (
    50051, 8080, 27017, 9000, 6379, 4317, 16686, 8080, 2525, 8025,
)  # fmt: skip
PORTS = {GRPC, HTTP, MONGODB, S3, BROKER, OTLP, TRACES, SMTP, SMS}

EVERY = ("grpc", "http", "worker", "scheduler", "migrate")
TOKENS = {caller for caller, _ in TOPOLOGY.calls}
"""Services that call others get tokens for it."""
VISITORS = ("verify", "load")
"""Programs that take people's part from outside, in development."""
OPERATIONS = ("smoke", "doctor")
SEALING = ("audit-seal", "audit-verify")


def of(services: Iterable[str], processes: Iterable[str]) -> set[str]:
    """Roles of some processes of some services."""
    return {f"{service}-{process}" for service, process in product(services, processes)}


STORES: dict[tuple[str, int], set[str]] = {
    ("mongodb", MONGODB): {*of(SERVICES, EVERY), "identity-seed", "land-parcels", "doctor", "backup", *SEALING},
    ("minio", S3): {
        *of(["dossier"], ["grpc", "worker", "migrate"]),
        *of(["permits"], ["worker", "migrate"]),
        *VISITORS,
        "doctor",
        "backup",
        *SEALING,
    },
    # wrong sign-ins are counted there
    ("valkey", BROKER): {*of(SERVICES, ["worker", "scheduler"]), "identity-http", "doctor"},
    ("otel", OTLP): {*of(SERVICES, EVERY), "identity-seed", "land-parcels", *VISITORS, "doctor"},
    ("otel", TRACES): {*VISITORS},
    ("eid", EID): {"identity-http", *VISITORS},
    ("sinks", SMTP): {"notify-worker"},
    ("sinks", SMS): {"notify-worker", *VISITORS},
}
"""Who uses which store, or what stands for the outside world, at which port."""


def may_call(source: str, target: str, port: int) -> bool:
    """Whether one role has business with another: by the topology, by the declared stores, or as everybody does."""
    caller, _, process = source.rpartition("-")
    callee, _, end = target.rpartition("-")
    if end == "grpc" and port == GRPC:
        called = (caller, callee) in TOPOLOGY.calls and process in ("grpc", "worker")
        return called or source in (*VISITORS, *OPERATIONS)
    if target == "identity-http" and port == HTTP:
        # keys to check tokens with, tokens to call with
        return source in {*of(SERVICES, ["grpc"]), *of(TOKENS, ["worker"]), *VISITORS, *OPERATIONS}
    if target == "permits-http" and port == HTTP:
        return source in (*VISITORS, "doctor")
    return source in STORES.get((target, port), set())


@dataclass(frozen=True)
class Pod:
    """One pod of a workload, with an address of its own."""

    workload: Workload
    endpoint: Endpoint

    @property
    def role(self) -> str:
        """What it is for: all pools of a service's workers have one role."""
        workload = self.workload
        return f"{workload.service}-worker" if workload.process == "worker" else workload.component


def pods(release: Rendered) -> list[Pod]:
    return [
        Pod(workload, Endpoint(str(workload), f"10.96.1.{number}", NAMESPACE, workload.labels, ports(workload)))
        for number, workload in enumerate(release.workloads, 1)
    ]


def ports(workload: Workload) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in workload.main.get("ports", [])}


def pairs(release: Rendered) -> Iterator[tuple[Pod, Pod, int]]:
    """Yield all pairs of pods, with each port that something of ours or nothing listens on."""
    everything = pods(release)
    for source in everything:
        for target in everything:
            for port in PORTS | {8081, 5432}:
                yield source, target, port


def test_the_matrix_of_pods(release: Rendered) -> None:
    policies = release.of("NetworkPolicy")
    differences = []
    for source, target, port in pairs(release):
        wanted = may_call(source.role, target.role, port)
        if allowed(policies, source.endpoint, target.endpoint, port) is not wanted:
            differences.append(f"{source.role} → {target.role}:{port} {'is closed' if wanted else 'is open'}")
    assert sorted(set(differences)) == []


def test_each_declared_edge_is_between_pods_that_are_there() -> None:
    """In the variation with everything, no name in this test's tables is a name of nothing."""
    roles = {pod.role for pod in pods(rendered("dev"))}
    named = {target for target, _ in STORES} | set(VISITORS)
    assert named <= roles
    assert {f"{service}-grpc" for edge in TOPOLOGY.calls for service in edge} <= roles


DNS = Endpoint("dns", "10.96.3.10", "kube-system", {"k8s-app": "kube-dns"}, {"dns": 53, "dns-tcp": 53})
STRANGERS = (
    Endpoint("pod of the same namespace", "10.96.3.1", NAMESPACE, {"app": "stranger"}),
    Endpoint("pod of another namespace", "10.96.3.3", "elsewhere", {"app.kubernetes.io/component": "dossier-grpc"}),
    Endpoint("internet", "198.51.100.7"),
)


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
def test_strangers_reach_nothing(release: Rendered, stranger: Endpoint) -> None:
    policies = release.of("NetworkPolicy")
    for pod in pods(release):
        for port in {*ports(pod.workload).values(), 8081}:
            assert not allowed(policies, stranger, pod.endpoint, port), (str(pod.workload), port)


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def test_names_are_resolved(release: Rendered, protocol: str) -> None:
    for pod in pods(release):
        assert allowed(release.of("NetworkPolicy"), pod.endpoint, DNS, 53, protocol), pod.role


def test_nothing_of_development_talks_to_the_outside() -> None:
    """With stores and outside world in the cluster, only schedulers go out: to the API server."""
    release = rendered("dev")
    internet, policies = STRANGERS[-1], release.of("NetworkPolicy")
    for pod in pods(release):
        asks_api_server = pod.workload.process == "scheduler"
        for port in (22, 25, 80, 443, 6443, MONGODB, S3, BROKER, OTLP):
            reached = allowed(policies, pod.endpoint, internet, port)
            assert reached is (asks_api_server and port in (443, 6443)), (pod.role, port)


OUTSIDE = {
    "mongodb": (MONGODB, STORES["mongodb", MONGODB]),
    "broker": (BROKER, STORES["valkey", BROKER]),
    "telemetry": (OTLP, STORES["otel", OTLP]),
    "scanner": (3310, {"dossier-grpc", "dossier-worker"}),
    "mail": (587, {"notify-worker"}),
    "audit": (9443, {"audit-seal", "audit-verify", "doctor"}),
}
"""Who uses what lies outside in production, at which port, by its name in `networkPolicy.egress`."""


@pytest.mark.parametrize("store", OUTSIDE)
def test_production_reaches_what_lies_outside_and_only_from_where_it_is_needed(store: str) -> None:
    port, users = OUTSIDE[store]
    path = f"networkPolicy.egress.{store}"
    inside, outside = Endpoint("named", "203.0.113.5"), Endpoint("another", "198.51.100.7")
    to = [{"ipBlock": {"cidr": "203.0.113.0/24"}}]
    values = with_value(values_of("production"), path, {"to": to, "ports": [port]})
    if store != "telemetry":
        values = with_value(values, "networkPolicy.egress.telemetry", {"to": to, "ports": [OTLP]})
    release = render(values)
    policies = release.of("NetworkPolicy")
    reaching = {pod.role for pod in pods(release) if allowed(policies, pod.endpoint, inside, port)}
    assert reaching == users & {pod.role for pod in pods(release)}
    assert not [pod.role for pod in pods(release) if allowed(policies, pod.endpoint, outside, port)]


def test_clients_of_other_namespaces_reach_grpc_when_they_are_named() -> None:
    portal = Endpoint("portal", "10.96.3.7", "portals", {"app": "portal"})
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "portals"}}}
    release = render(with_value(values_of("production"), "networkPolicy.grpcClients", [peer]))
    policies = release.of("NetworkPolicy")
    reached = {
        (pod.role, port)
        for pod in pods(release)
        for port in {*PORTS, 8081}
        if allowed(policies, portal, pod.endpoint, port)
    }
    assert reached == {(f"{service}-grpc", GRPC) for service in SERVICES}


def test_the_ingress_controller_reaches_the_http_ends_only() -> None:
    controller = Endpoint("controller", "10.96.3.8", "ingress-nginx", {"app": "controller"})
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    release = render(with_value(values_of("production"), "networkPolicy.ingressController", [peer]))
    policies = release.of("NetworkPolicy")
    reached = {
        (pod.role, port)
        for pod in pods(release)
        for port in {*PORTS, 8081}
        if allowed(policies, controller, pod.endpoint, port)
    }
    assert reached == {("identity-http", HTTP), ("permits-http", HTTP)}


def test_without_policies_all_is_open() -> None:
    """Clusters with rules of their own switch ours off; then nothing of ours is left behind."""
    release = render(with_value(values_of("production"), "networkPolicy.enabled", value=False))
    assert release.of("NetworkPolicy") == []
