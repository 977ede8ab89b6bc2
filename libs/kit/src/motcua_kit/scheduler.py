"""The scheduler process: for each service the relay of its events and its schedules, behind one lease a service.

python -m motcua_kit.scheduler --service dossier --service permits …
"""

from __future__ import annotations

import signal
import threading
from datetime import timedelta

import click
import structlog
from celery import Celery
from celery.beat import Scheduler as Beat
from opentelemetry.instrumentation.utils import suppress_instrumentation

from motcua_kit.events.broker import celery_app
from motcua_kit.events.relay import STUCK_AFTER, Relay, stuck_events
from motcua_kit.lease import Lease
from motcua_kit.logs import setup_logs
from motcua_kit.settings import ServiceSettings
from motcua_kit.store.connection import Store
from motcua_kit.telemetry import setup_telemetry
from motcua_kit.topology import Topology

log = structlog.get_logger(__name__)

SWEEPER_EVERY = timedelta(seconds=60)


class ServiceScheduler:
    """Relay and schedules of one service, while this process holds the service's lease."""

    def __init__(self, service: str, store: Store, topology: Topology, app: Celery) -> None:
        self._service = service
        self._store = store
        self._topology = topology
        self._app = app

    def run(self, stop: threading.Event) -> None:
        """Work whenever the lease is ours, until told to stop."""
        lease = Lease(self._store, "relay")
        while not stop.is_set():
            with suppress_instrumentation(), lease.hold(stop) as lost:
                if lost.is_set():
                    continue
                log.info("relay_leads", service=self._service)
                done = _either(stop, lost)
                threads = [
                    threading.Thread(target=work, args=(done,), daemon=True, name=f"{self._service}-{work.__name__}")
                    for work in (self._relay, self._schedules, self._sweeper)
                ]
                for thread in threads:
                    thread.start()
                done.wait()
                for thread in threads:
                    thread.join(timeout=10)

    def _relay(self, stop: threading.Event) -> None:
        Relay(self._store, self._topology, self._app).run(stop)

    def _schedules(self, stop: threading.Event) -> None:
        schedules = {
            schedule.task: {
                "task": schedule.task,
                "schedule": schedule.every,
                "options": {"queue": schedule.subscription.route, "expires": schedule.every * 3},
            }
            for schedule in self._topology.schedules_of(self._service)
        }
        beat = Beat(self._app, schedule={}, lazy=True)
        beat.update_from_dict(schedules)
        while schedules and not stop.is_set():
            stop.wait(min(1.0, beat.tick()))

    def _sweeper(self, stop: threading.Event) -> None:
        while not stop.wait(SWEEPER_EVERY.total_seconds()):
            with suppress_instrumentation():
                names = [name for name in self._store.database.list_collection_names() if not name.startswith("_")]
                for event in stuck_events(self._store, names, STUCK_AFTER):
                    log.error("event_stuck", service=self._service, event=event)


def _either(stop: threading.Event, lost: threading.Event) -> threading.Event:
    """Return an event that is set as soon as one of the two is."""
    done = threading.Event()

    def follow(event: threading.Event) -> None:
        event.wait()
        done.set()

    for event in (stop, lost):
        threading.Thread(target=follow, args=(event,), daemon=True).start()
    return done


@click.command()
@click.option("--service", "services", multiple=True, help="Service to work for; all in the topology when not given.")
def main(services: tuple[str, ...]) -> None:
    """Relay events and run schedules for services."""
    settings = ServiceSettings(service_name="scheduler")
    setup_logs(settings)
    setup_telemetry(settings)
    topology = Topology.load(settings.topology_file)
    names = services or tuple(sorted(topology.services))
    queues = {item.route for name in topology.services for item in topology.tasks_of(name).values()}
    app = celery_app(settings, queues)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threads = []
    for name in names:
        store = Store(settings.mongodb_uri.get_secret_value(), f"motcua_{name}", "motcua-scheduler")
        thread = threading.Thread(target=ServiceScheduler(name, store, topology, app).run, args=(stop,), name=name)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
