"""What one dossier costs: processor time by component, bytes in the stores. docs/how-to/scale.md calculates with it."""

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from motcua_devstack.cluster.installation import Installation
from motcua_ops.naming import SERVICES

SIZES = (Path(__file__).parent / "probes" / "sizes.py").read_text()
WALKS = 4
KUBELET_SECONDS = 20.0
"""A kubelet's figures are at most this old."""
CPU = re.compile(r'^pod_cpu_usage_seconds_total\{namespace="([^"]+)",pod="([^"]+)"\} (\S+)', re.MULTILINE)


def processor_seconds(suite: Installation) -> dict[str, float]:
    """Processor time used so far by each component of the suite."""
    time.sleep(KUBELET_SECONDS)
    components = {
        pod["metadata"]["name"]: pod["metadata"]["labels"]["app.kubernetes.io/component"]
        for pod in suite.pods()
        if pod["status"]["phase"] == "Running"
    }
    used: dict[str, float] = defaultdict(float)
    for node in suite.kubectl.items("nodes"):
        metrics = suite.kubectl("get", "--raw", f"/api/v1/nodes/{node['metadata']['name']}/proxy/metrics/resource")
        for namespace, pod, seconds in CPU.findall(metrics):
            if namespace == suite.namespace and pod in components:
                used[components[pod]] += float(seconds)
    return used


def stored_bytes(suite: Installation) -> dict[str, int]:
    """Bytes in the database of each service, and in the object store."""
    stored = {}
    for service in SERVICES:
        pod, *_ = suite.pods(service=service, process="grpc")
        answer = suite.kubectl.exec(pod["metadata"]["name"], "python", "-c", SIZES, given=service)
        stored[service] = sum(json.loads(answer).values())
    stored["objects"] = int(suite.kubectl.exec("motcua-minio-0", "du", "-sb", "/data").split()[0])
    return stored


def test_cost_of_a_dossier(suite: Installation, figure: Callable[[str, str], None]) -> None:
    rested, resting = processor_seconds(suite), time.monotonic()
    used, begun = processor_seconds(suite), time.monotonic()
    idle = {name: (used[name] - rested[name]) / (begun - resting) for name in used}
    stored = stored_bytes(suite)
    for number in range(WALKS):
        walked = suite.perform(f"verify-cost-{number}", "verify", ["--without-traces"])
        assert walked.succeeded, walked.log
    grown = {name: (now - stored[name]) / WALKS for name, now in stored_bytes(suite).items()}
    now, seconds = processor_seconds(suite), time.monotonic() - begun
    cost = {name: (now[name] - used[name] - idle[name] * seconds) / WALKS for name in now}
    assert all(cost[f"{service}-grpc"] > 0 for service in SERVICES), cost
    # The register does not change; of people who come again identity keeps only what they have read.
    assert all(grown[place] > 0 for place in ("dossier", "permits", "notify", "objects")), grown
    figure("idle, millicores", shown({name: 1000 * share for name, share in idle.items()}))
    figure("processor milliseconds a dossier", shown({name: 1000 * spent for name, spent in cost.items()}))
    figure("bytes stored a dossier", shown(grown))


def shown(figures: Mapping[str, float]) -> str:
    """Figures by name, and their sum."""
    parts = [f"{name} {figures[name]:.0f}" for name in sorted(figures)]
    return f"{', '.join(parts)}; together {sum(figures.values()):.0f}"
