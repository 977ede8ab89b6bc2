"""The worker process: Celery in front, the service in each child, built after the fork."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

import structlog
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown

from motcua_kit.events.broker import celery_app
from motcua_kit.events.dead_letters import DeadLetters
from motcua_kit.events.tasks import Runner, Tasks, register
from motcua_kit.health import serve_health
from motcua_kit.logs import setup_logs
from motcua_kit.service.definition import Service
from motcua_kit.service.runtime import Runtime
from motcua_kit.service.schema import require_schema
from motcua_kit.service.worker_health import WorkerHealth
from motcua_kit.telemetry import flush_telemetry, setup_telemetry
from motcua_kit.topology import Topology

log = structlog.get_logger(__name__)


def run_worker(service: Service[Any], queues: Sequence[str] = ()) -> None:
    """Work on a service's tasks until told to stop. Children build the service after the fork."""
    settings = service.load_settings().for_worker()
    setup_logs(settings)
    topology = Topology.load(settings.topology_file)
    wanted = topology.tasks_of(service.name)
    app = celery_app(settings, {item.route for item in wanted.values()} | {f"{service.name}.default"})
    worker = WorkerHealth(app)
    runners: list[Runner] = []

    def build(**_: object) -> None:
        """Build the service in a child; Celery would swallow a failure and go on with a child that can do nothing."""
        try:
            build_runner()
        except Exception:
            log.exception("worker_cannot_start")
            os.kill(os.getppid(), signal.SIGTERM)
            raise

    def build_runner() -> None:
        setup_logs(settings)
        setup_telemetry(settings)
        runtime = Runtime(settings)
        tasks = service.build(settings, runtime).tasks or Tasks(service.name)
        if tasks.names != wanted.keys():
            difference = ", ".join(sorted(tasks.names ^ wanted.keys()))
            message = f"handlers and topology differ: {difference}"
            raise ValueError(message)
        runners.append(Runner(tasks, DeadLetters(runtime.store), runtime.clock))
        worker.child_built_the_service()

    register(app, {name: item.route for name, item in wanted.items()}, lambda: runners[0])
    setup_logging.connect(lambda **_: setup_logs(settings), weak=False)
    worker_process_init.connect(build, weak=False)
    worker_process_shutdown.connect(lambda **_: flush_telemetry(), weak=False)
    names = [f"{service.name}.{queue}" for queue in queues]
    health = worker.health
    with serve_health(settings.health_bind, health):
        require_schema(service, settings, health)
        app.worker_main(
            ["worker", "--without-gossip", "--without-mingle", f"--hostname={service.name}@%h"]
            + ([f"--queues={','.join(names)}"] if names else [])
        )
