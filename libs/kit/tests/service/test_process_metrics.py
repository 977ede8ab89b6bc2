"""What real processes send to an OTLP receiver: tasks by outcome, and what waits, from the leading scheduler only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc

from motcua_client import wait_for
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.events import DeadLetters
from motcua_kit.events.broker import celery_app
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.store import Store

PROBED = Path(__file__).parent / "probed.py"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TOPOLOGY = """
events:
  thing.opened: {by: [probed], to: [probed.take]}
schedules: []
calls: {}
"""
Value = tuple[str, str, tuple[tuple[str, str], ...]]


class Receiver(metrics_service_pb2_grpc.MetricsServiceServicer):
    """Keeps the latest value of each series, by service, metric and attributes."""

    def __init__(self) -> None:
        self.values: dict[Value, float] = {}
        self.instances: dict[str, set[str]] = {}

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        del context
        for resource in request.resource_metrics:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            service = about["service.name"]
            self.instances.setdefault(service, set()).add(about["service.instance.id"])
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in metric.gauge.data_points or metric.histogram.data_points:
                    labels = tuple(sorted((one.key, one.value.string_value) for one in point.attributes))
                    value = point.count if metric.HasField("histogram") else point.as_double or point.as_int
                    self.values[service, metric.name, labels] = value
        return metrics_service_pb2.ExportMetricsServiceResponse()


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver()
    server = grpc.server(ThreadPoolExecutor(2))
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(receiver, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield receiver, f"http://127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.mark.timeout(120)
def test_tasks_and_what_waits_are_measured(
    receiver: tuple[Receiver, str], store: Store, servers: EmbeddedServers, tmp_path: Path
) -> None:
    received, endpoint = receiver
    topology = tmp_path / "topology.yaml"
    topology.write_text(TOPOLOGY)
    environment = {
        "PATH": os.environ["PATH"],
        "PROFILE": "local",
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": store.database.name,
        "BROKER_URL": servers.broker_url,
        "TOPOLOGY_FILE": str(topology),
        "WORKER_CONCURRENCY": "1",
        "OTEL_METRICS_ENDPOINT": endpoint,
    }
    log = (tmp_path / "processes.log").open("wb")
    python = [sys.executable]
    subprocess.run([*python, str(PROBED), "migrate"], env=environment, check=True)  # noqa: S603
    store.collection("_work").insert_one({"_id": "go on"})
    DeadLetters(store).keep("probed.take", "probed.default", {"id": "things/0#1.0"}, ValueError("no"), 8, NOW)
    settings = ServiceSettings(
        profile=Profile.LOCAL, service_name="probed", mongodb_uri="unused", broker_url=servers.broker_url
    )
    with closing(celery_app(settings, ["probed.default"])) as app:
        for number in (1, 2):
            event = {
                "id": f"{number}",
                "type": "thing.opened",
                "subject": "things/1",
                "time": NOW.isoformat(),
                "data": {},
            }
            app.send_task("probed.take", kwargs={"event": event}, queue="probed.default")
    scheduler = [*python, "-m", "motcua_kit.scheduler", "--service", "probed"]
    processes = [subprocess.Popen(scheduler, env=environment, stdout=log) for _ in range(2)]  # noqa: S603
    service = (("motcua.service", "probed"),)
    queue = (("motcua.queue.name", "probed.default"), *service)
    try:
        wait_for(
            lambda: dict(received.values),
            lambda seen: (
                seen.get(("scheduler", "motcua.queue.length", queue)) == 2
                and seen.get(("scheduler", "motcua.dead_letters", service)) == 1
                and seen.get(("scheduler", "motcua.outbox.oldest_age", service)) == 0
            ),
        )
        processes.append(subprocess.Popen([*python, str(PROBED), "worker"], env=environment, stdout=log))  # noqa: S603
        done = (("motcua.task.name", "probed.take"), ("motcua.task.outcome", "done"))
        wait_for(
            lambda: dict(received.values),
            lambda seen: (
                seen.get(("probed", "motcua.task.duration", done)) == 2
                and seen.get(("scheduler", "motcua.queue.length", queue)) == 0
            ),
        )
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)
        log.close()
    assert {name for _, name, _ in received.values} == {
        "motcua.dead_letters",
        "motcua.outbox.oldest_age",
        "motcua.queue.length",
        "motcua.task.duration",
    }
    assert len(received.instances["scheduler"]) == 1
