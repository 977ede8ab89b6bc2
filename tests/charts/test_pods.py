"""What holds for every pod of every supported variation: safety, probes, time to stop, room to run."""

import re

import pytest

from chartkit import restricted
from chartkit.rendering import Rendered, Workload, render, values_of, with_value
from chartkit.settings import class_of, environment

USER = 10001
HEALTH_PORT = 8081
PROBES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
FULL_IMAGE = re.compile(r"^[^@]+(:[\w][\w.-]*|@sha256:[0-9a-f]{64})$")
DIGEST = f"sha256:{'0' * 64}"
GUNICORN_GRACE = 20
"""Seconds that the HTTP end gives to requests in work (`motcua_kit.http`)."""

TASK_LIMIT = 0.8
"""Part of the broker's visibility timeout that a task may take (`motcua_kit.events.broker`)."""


def test_restricted_standard(release: Rendered) -> None:
    found = {str(workload): restricted.violations(workload.template) for workload in release.workloads}
    assert {name: broken for name, broken in found.items() if broken} == {}


def test_nothing_writes_to_the_image(release: Rendered) -> None:
    for workload in release.workloads:
        for container in workload.containers:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, workload


def test_own_user(release: Rendered) -> None:
    for workload in release.workloads:
        context = workload.spec["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"]) == (USER, USER), workload


def test_temporary_files_have_a_limit(release: Rendered) -> None:
    for workload in release.workloads:
        for volume in workload.spec.get("volumes", []):
            assert "emptyDir" not in volume or "sizeLimit" in volume["emptyDir"], (str(workload), volume["name"])


def test_tokens_of_the_api_server_only_where_a_program_asks_it(release: Rendered) -> None:
    """Schedulers hold their Lease; nothing else talks to the API server."""
    for workload in release.workloads:
        if workload.process != "scheduler":
            assert workload.spec["automountServiceAccountToken"] is False, workload


def test_no_environment_from_services(release: Rendered) -> None:
    """Kubernetes' own variables (`MOTCUA_DOSSIER_PORT`) could be taken for settings."""
    assert [
        str(workload) for workload in release.workloads if workload.spec.get("enableServiceLinks") is not False
    ] == []


def test_images_have_a_tag(release: Rendered) -> None:
    for workload in release.workloads:
        for container in workload.containers:
            assert FULL_IMAGE.match(container["image"]), container["image"]


@pytest.mark.parametrize(
    ("tag", "digest", "reference"),
    [("t1", "", "motcua/land:t1"), ("", DIGEST, f"motcua/land@{DIGEST}"), ("t1", DIGEST, f"motcua/land:t1@{DIGEST}")],
)
def test_an_image_is_named_by_tag_digest_or_both(tag: str, digest: str, reference: str) -> None:
    values = with_value(values_of("minimal"), "services.land.image", {"tag": tag, "digest": digest})
    named = {workload.main["image"] for workload in render(values).of_services if workload.service == "land"}
    assert named == {reference}


def test_a_service_runs_its_own_image(release: Rendered) -> None:
    for workload in release.of_services:
        assert re.search(rf"(^|/)motcua/{workload.service}[:@]", workload.main["image"]), workload


def test_requests_and_a_memory_limit(release: Rendered) -> None:
    for workload in release.workloads:
        for container in workload.containers:
            resources = container["resources"]
            assert resources["requests"].keys() >= {"cpu", "memory"}, workload
            assert "memory" in resources["limits"], workload


def test_probes_ask_the_health_port(release: Rendered) -> None:
    for workload in release.of_services:
        if not workload.is_long_running:
            continue
        ports = {port["name"]: port["containerPort"] for port in workload.main["ports"]}
        assert ports["health"] == HEALTH_PORT, workload
        assert environment(workload.main)["HEALTH_BIND"] == f"0.0.0.0:{HEALTH_PORT}", workload
        for probe, path in PROBES.items():
            asked = workload.main[probe]["httpGet"]
            assert (asked["path"], asked["port"]) == (path, "health"), (str(workload), probe)


def test_everything_that_runs_on_is_probed(release: Rendered) -> None:
    for workload in release.workloads:
        assert not workload.is_long_running or workload.main.keys() >= PROBES.keys(), workload


def test_the_start_may_take_as_long_as_the_wait_for_the_schema(release: Rendered) -> None:
    """A process that waits for its migration must not be killed by the probe of its start."""
    for workload in release.of_services:
        if workload.is_long_running:
            probe = workload.main["startupProbe"]
            patience = probe["failureThreshold"] * probe.get("periodSeconds", 10)
            assert patience > float(environment(workload.main)["SCHEMA_WAIT"]), workload


def pre_stop_seconds(workload: Workload) -> float:
    """Seconds that a container goes on before it is told to stop."""
    hook = workload.main.get("lifecycle", {}).get("preStop", {})
    if "sleep" in hook:
        return float(hook["sleep"]["seconds"])
    seconds = re.findall(r"\d+(?:\.\d+)?", " ".join(hook.get("exec", {}).get("command", [])))
    return float(seconds[0]) if seconds else 0


@pytest.mark.parametrize("process", ["grpc", "http"])
def test_running_calls_may_end(release: Rendered, process: str) -> None:
    for workload in release.of_services:
        if workload.process == process:
            grace = {
                "grpc": float(environment(workload.main).get("GRPC_STOP_GRACE", default_grace(workload))),
                "http": GUNICORN_GRACE,
            }[process]
            assert pre_stop_seconds(workload) > 0, f"{workload}: clients learn late that it goes"
            assert workload.spec["terminationGracePeriodSeconds"] > pre_stop_seconds(workload) + grace, workload


def default_grace(workload: Workload) -> float:
    """Seconds that running calls get when nothing else is set."""
    seconds: float = class_of(workload.service).model_fields["grpc_stop_grace"].default
    return seconds


def test_tasks_in_work_may_end(release: Rendered) -> None:
    """A task that is as long as tasks may be ends, or has a minute and is done by another worker."""
    for workload in release.of_services:
        if workload.process == "worker":
            given = environment(workload.main).get("BROKER_VISIBILITY_TIMEOUT")
            default = class_of(workload.service).model_fields["broker_visibility_timeout"].default
            longest = TASK_LIMIT * float(given or default)
            assert workload.spec["terminationGracePeriodSeconds"] >= min(longest, 60), workload


def test_jobs_end(release: Rendered) -> None:
    for workload in release.workloads:
        if workload.kind == "Job":
            spec = workload.owner["spec"]
            assert spec["activeDeadlineSeconds"] > 0, workload
            assert "backoffLimit" in spec, workload
