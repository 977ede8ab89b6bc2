"""Queues, addresses and services that run elsewhere: what the topology says, and nothing else."""

import itertools

import pytest

from chartkit.rendering import NAMESPACE, RELEASE, ROOT, Rendered, Workload, render, values_of, with_value
from chartkit.settings import environment
from motcua_kit.topology import Topology
from motcua_ops.naming import SERVICES

TOPOLOGY = Topology.load(ROOT / "telemetry" / "topology.yaml")
QUEUES = {
    service: {item.queue for item in TOPOLOGY.tasks_of(service).values()}
    for service in SERVICES
    if TOPOLOGY.tasks_of(service)
}
"""Queues by service, of those that have tasks."""


def installed(release: Rendered) -> set[str]:
    """Return the services that run in the release."""
    return {workload.service for workload in release.of_services if workload.process == "grpc"}


def queues_of(workload: Workload) -> list[str]:
    """Return the queues that a worker is told to work on."""
    arguments = workload.main["args"]
    return [value for flag, value in itertools.pairwise(arguments) if flag == "--queue"]


def test_each_queue_has_one_pool_of_workers_and_there_are_no_others(release: Rendered) -> None:
    served = [
        (workload.service, queue)
        for workload in release.of_services
        if workload.process == "worker"
        for queue in queues_of(workload)
    ]
    there = installed(release)
    assert sorted(served) == sorted(
        (service, queue) for service, queues in QUEUES.items() for queue in queues if service in there
    )


def test_each_service_with_events_or_schedules_has_a_scheduler(release: Rendered) -> None:
    """It relays the events of its service's own database and starts what runs on a schedule."""
    publishing = {service for services in TOPOLOGY.publishers.values() for service in services}
    scheduled = {schedule.subscription.service for schedule in TOPOLOGY.schedules}
    running = {workload.service for workload in release.of_services if workload.process == "scheduler"}
    assert running >= (publishing | scheduled) & installed(release)


@pytest.mark.parametrize("process", ["grpc", "http", "worker", "scheduler"])
def test_processes_are_started_by_their_command(release: Rendered, process: str) -> None:
    for workload in release.of_services:
        if workload.process == process:
            wanted = {
                "scheduler": ["motcua_kit.scheduler", "--service", workload.service],
            }.get(process, [f"motcua_{workload.service}", process])
            assert workload.main["args"][: len(wanted)] == wanted
            assert "command" not in workload.main


def test_callers_find_their_callees(release: Rendered) -> None:
    services = {item["metadata"]["name"]: item for item in release.of("Service")}
    for workload in release.of_services:
        if workload.process in ("grpc", "worker"):
            told = environment(workload.main)
            for caller, callee in TOPOLOGY.calls:
                if caller == workload.service and callee in installed(release):
                    host = f"{RELEASE}-{callee}"
                    assert told[f"{callee.upper()}_ADDRESS"] == f"dns:///{host}.{NAMESPACE}.svc:50051"
                    assert {port["port"] for port in services[host]["spec"]["ports"]} == {50051}


def test_addresses_of_others_are_told_to_their_callers_only(release: Rendered) -> None:
    for workload in release.of_services:
        told = {
            name.removesuffix("_ADDRESS").lower() for name in environment(workload.main) if name.endswith("_ADDRESS")
        }
        assert told <= {callee for caller, callee in TOPOLOGY.calls if caller == workload.service}, workload


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_runs_elsewhere_is_called_there(service: str) -> None:
    address = "dns:///elsewhere.example.vn:50051"
    values = with_value(values_of("production"), f"services.{service}.enabled", value=False)
    release = render(with_value(values, f"services.{service}.address", address))
    assert [str(workload) for workload in release.workloads if workload.service == service] == []
    callers = {caller for caller, callee in TOPOLOGY.calls if callee == service}
    told = {
        workload.service: environment(workload.main)[f"{service.upper()}_ADDRESS"]
        for workload in release.of_services
        if workload.process == "grpc" and workload.service in callers
    }
    assert told == dict.fromkeys(callers, address)


def test_listening_addresses_are_those_of_the_ports(release: Rendered) -> None:
    for workload in release.of_services:
        if workload.process in ("grpc", "http"):
            ports = {port["name"]: port["containerPort"] for port in workload.main["ports"]}
            bound = environment(workload.main)[f"{workload.process.upper()}_BIND"]
            assert bound == f"0.0.0.0:{ports[workload.process]}"


def test_a_scheduler_holds_a_lease_of_its_own(release: Rendered) -> None:
    leases = {item["metadata"]["name"] for item in release.of("Lease")}
    used = []
    for workload in release.of_services:
        told = environment(workload.main)
        if told.get("LEADER_ELECTION") == "kubernetes":
            assert workload.process == "scheduler"
            used.append(told["LEASE_NAME"])
            assert told["LEASE_NAMESPACE"] == NAMESPACE
            account = workload.spec["serviceAccountName"]
            assert rights(release, account) == [(["coordination.k8s.io"], ["leases"], [told["LEASE_NAME"]])]
    assert sorted(used) == sorted(leases)


def rights(release: Rendered, account: str) -> list[tuple[list[str], list[str], list[str]]]:
    """Return groups, resources and names that a service account may get and update; anything else fails."""
    found = []
    for binding in release.of("RoleBinding"):
        if account in {subject["name"] for subject in binding["subjects"]}:
            for rule in release.get("Role", binding["roleRef"]["name"])["rules"]:
                assert sorted(rule["verbs"]) == ["get", "update"]
                found.append((rule["apiGroups"], rule["resources"], rule.get("resourceNames", [])))
    return found


def test_no_rights_beyond_the_namespace(release: Rendered) -> None:
    assert release.of("ClusterRole") == release.of("ClusterRoleBinding") == []
