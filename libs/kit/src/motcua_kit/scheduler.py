"""The scheduler process: for each service the relay of its events and its schedules, behind one lease a service.

python -m motcua_kit.scheduler --service dossier --service permits …
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import click
import structlog
from celery import Celery
from celery.beat import Scheduler as Beat
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pymongo.errors import PyMongoError

from motcua_kit.events.backlog import Backlog, measure
from motcua_kit.events.broker import celery_app
from motcua_kit.events.news import News
from motcua_kit.events.relay import STUCK_AFTER, Relay, stuck_events
from motcua_kit.health import Health, Pulse, fine, serve_health
from motcua_kit.lease import Lease, LeaseUnavailable, MongoLease
from motcua_kit.logs import setup_logs
from motcua_kit.refusals import refusals_told
from motcua_kit.settings import LeaderElection, SchedulerSettings, ServiceSettings
from motcua_kit.store.connection import Store
from motcua_kit.telemetry import setup_telemetry
from motcua_kit.topology import Topology

log = structlog.get_logger(__name__)

PROCESS = "scheduler"
SWEEPER_EVERY = timedelta(seconds=60)
TICK_SECONDS = 0.2
TURN_SECONDS = 180.0
"""Longest turn of the loop around a lease: when the stores vanish, several waits of up to 30 s follow each other."""

PAUSE_SECONDS = 1.0
"""Between two attempts to lead, so that a failure that stays does not spin."""


class ServiceScheduler:
    """Relay and schedules of one service, while this process holds the service's lease.

    Args:
        service: whose events and schedules these are.
        lease: lets one of several schedulers of the service work.
        store: the service's database.
        topology: says who gets which event.
        app: sends the tasks.
        news: of the databases of several services; None when there is only this one.

    Attributes:
        service: as given.
        live: tells why not, when the loop around the lease stands still.
    """

    def __init__(
        self, service: str, lease: Lease, store: Store, topology: Topology, app: Celery, news: News | None = None
    ) -> None:
        self.live = Pulse(f"the lease loop of {service} has not turned", TURN_SECONDS)
        self.service = service
        self._lease = lease
        self._store = store
        self._topology = topology
        self._app = app
        self._news = news
        self._leads = threading.Event()

    @property
    def leads(self) -> bool:
        """Whether it holds the lease and works."""
        return self._leads.is_set()

    @property
    def backlog(self) -> Backlog:
        """What waits for the service."""
        return Backlog(self.service, self._store, self._topology, self._app)

    def run(self, stop: threading.Event) -> None:
        """Work whenever the lease is ours, until told to stop; outages are waited out."""
        while not stop.is_set():
            self.live.beat()
            try:
                with suppress_instrumentation(), self._lease.hold(stop, self.live.beat) as lost:
                    if not lost.is_set():
                        self._lead(stop, lost)
            except LeaseUnavailable as error:
                log.warning("scheduler_interrupted", service=self.service, error=str(error))
            stop.wait(PAUSE_SECONDS)

    def _lead(self, stop: threading.Event, lost: threading.Event) -> None:
        log.info("relay_leads", service=self.service)
        self._leads.set()
        done = threading.Event()
        threads = [
            threading.Thread(target=self._work, args=(work, done), daemon=True, name=f"{self.service}-{work.__name__}")
            for work in (self._relay, self._schedules, self._sweeper)
        ]
        for thread in threads:
            thread.start()
        while not (stop.is_set() or done.is_set()):
            self.live.beat()
            if lost.wait(TICK_SECONDS):
                break
        done.set()
        self._leads.clear()
        for thread in threads:
            thread.join(timeout=10)

    def _work(self, work: Callable[[threading.Event], None], done: threading.Event) -> None:
        try:
            work(done)
        except Exception:
            # Nobody would relay while this process kept the lease: give it back, and start anew.
            log.exception("scheduler_failed", service=self.service)
            done.set()

    def _relay(self, stop: threading.Event) -> None:
        Relay(self._store, self._topology, self._app, self._news).run(stop)

    def _schedules(self, stop: threading.Event) -> None:
        schedules = {
            schedule.task: {
                "task": schedule.task,
                "schedule": schedule.every,
                "options": {"queue": schedule.subscription.route, "expires": schedule.every * 3},
            }
            for schedule in self._topology.schedules_of(self.service)
        }
        beat = Beat(self._app, schedule={}, lazy=True)
        beat.update_from_dict(schedules)
        while schedules and not stop.is_set():
            stop.wait(min(1.0, beat.tick()))

    def _sweeper(self, stop: threading.Event) -> None:
        while not stop.wait(SWEEPER_EVERY.total_seconds()):
            try:
                with suppress_instrumentation():
                    stuck = stuck_events(self._store, STUCK_AFTER)
            except PyMongoError as error:
                log.warning("sweeper_interrupted", service=self.service, error=type(error).__name__)
                continue
            for event in stuck:
                log.error("event_stuck", service=self.service, event_id=event)


@click.command()
@click.option("--service", "services", multiple=True, help="Service to work for; all in the topology when not given.")
def main(services: tuple[str, ...]) -> None:
    """Relay events and run schedules for services."""
    settings = SchedulerSettings(service_name=PROCESS)
    setup_logs(settings)
    setup_telemetry(settings)
    topology = Topology.load(settings.topology_file)
    names = services or tuple(sorted(topology.services))
    _refuse_sharing(settings, names)
    queues = {item.route for name in topology.services for item in topology.tasks_of(name).values()}
    app = celery_app(settings, queues)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stores = [_store(name, settings) for name in names]
    news = News(stores[0].client) if len(names) > 1 else None
    schedulers = [
        ServiceScheduler(name, _lease(settings, store), store, topology, app, news)
        for name, store in zip(names, stores, strict=True)
    ]
    measure(lambda: [each.backlog for each in schedulers if each.leads])
    threads = [threading.Thread(target=each.run, args=(stop,), name=each.service) for each in schedulers]
    threads += [threading.Thread(target=news.watch, args=(stop,), name="news")] if news else []
    # One that waits for the lease is ready: it takes over at any moment.
    health = Health(live=lambda: "; ".join(filter(None, (each.live() for each in schedulers))), ready=fine)
    with serve_health(settings.health_bind, health):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _refuse_sharing(settings: ServiceSettings, names: Sequence[str]) -> None:
    """Refuse settings that name the thing of one service while there are several."""
    if len(names) > 1 and settings.leader_election is LeaderElection.KUBERNETES:
        raise click.UsageError("LEASE_NAME is the lease of one service: give one --service")
    if len(names) > 1 and settings.mongodb_database:
        raise click.UsageError("MONGODB_DATABASE is the database of one service: give one --service")


def _store(service: str, settings: ServiceSettings) -> Store:
    database = settings.mongodb_database or f"motcua_{service}"
    return Store(settings.mongodb_uri.get_secret_value(), database, "motcua-scheduler")


def _lease(settings: ServiceSettings, store: Store) -> Lease:
    if settings.leader_election is LeaderElection.MONGODB:
        return MongoLease(store, "relay")
    from motcua_kit.lease.kubernetes import KubernetesLease  # noqa: PLC0415 - its client takes 0.8 s to import

    return KubernetesLease(settings.lease_name, settings.lease_namespace)


if __name__ == "__main__":
    with refusals_told(PROCESS):
        main()
