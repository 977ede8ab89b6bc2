"""What runs: Deployments, pods and Jobs of the release."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from motcua_ops import cluster
from motcua_ops.cluster import Manifest
from motcua_ops.doctor.context import Context
from motcua_ops.doctor.findings import Finding, fail, ok, warn

RECENTLY = timedelta(hours=1)
STARTING = ("ContainerCreating", "PodInitializing")


def deployments(context: Context) -> Iterator[Finding]:
    """Has each Deployment and StatefulSet the pods that it wants?"""
    found = context.objects_of(cluster.deployments, cluster.stateful_sets)
    if not found:
        yield fail(
            f"release {context.release.name}",
            f"nothing of it in namespace {context.release.namespace}",
            "name the right --release and --namespace, or install it: helm list -A",
        )
    behind = 0
    for item in found:
        wanted, there = item["spec"]["replicas"], item["status"].get("availableReplicas", 0)
        if there < wanted:
            behind += 1
            selector = ",".join(f"{key}={value}" for key, value in item["spec"]["selector"]["matchLabels"].items())
            advice = f"kubectl -n {context.release.namespace} describe pods -l {selector}"
            yield fail(item["metadata"]["name"], f"{there} of {wanted} pods available", advice)
    if found and not behind:
        yield ok(f"{len(found)} workloads", "all pods available")


def pods(context: Context) -> Iterator[Finding]:
    """Do containers wait or restart?"""
    found = context.objects_of(cluster.pods)
    troubles = [finding for pod in found for finding in _troubles(context.release.namespace, pod)]
    yield from troubles
    if found and not troubles:
        minutes = RECENTLY.seconds // 60
        yield ok(f"{len(found)} pods", f"no container waits, none restarted in the last {minutes} minutes")


def _troubles(namespace: str, pod: Manifest) -> Iterator[Finding]:
    name, status = pod["metadata"]["name"], pod["status"]
    describe = f"kubectl -n {namespace} describe pod {name}"
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield fail(name, f"not scheduled: {condition.get('message', '')}", describe)
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        logs = f"kubectl -n {namespace} logs {name} -c {container['name']} --previous"
        waiting, last = container["state"].get("waiting"), container["lastState"].get("terminated")
        restarts = container["restartCount"]
        if waiting and waiting["reason"] not in STARTING:
            text = f"{container['name']}: {waiting['reason']} {waiting.get('message', '')}".strip()
            yield fail(name, text, logs if restarts else describe)
        elif last and datetime.now(UTC) - datetime.fromisoformat(last["finishedAt"]) < RECENTLY:
            end = f"{last.get('reason', 'it ended')} (exit code {last['exitCode']})"
            yield warn(name, f"{container['name']}: restarted {restarts} times, the last time after: {end}", logs)


def jobs(context: Context) -> Iterator[Finding]:
    """Have migrations and seeds gone through? Those that succeeded are taken away by Helm."""
    found = context.objects_of(cluster.jobs)
    failed = [
        job["metadata"]["name"]
        for job in found
        for condition in job["status"].get("conditions", ())
        if condition["type"] == "Failed" and condition["status"] == "True"
    ]
    for name in failed:
        logs = f"kubectl -n {context.release.namespace} logs job/{name}"
        advice = f"{logs} says why; mend that and run it again, Jobs of the chart by helm upgrade"
        yield fail(name, "the Job failed", advice)
    if not failed:
        yield ok(
            f"{len(found)} Jobs", f"none failed, {sum(bool(job['status'].get('active')) for job in found)} at work"
        )
