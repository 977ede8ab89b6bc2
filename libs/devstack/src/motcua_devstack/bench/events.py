"""Row `events`: from the outbox to the end of a handler; its limit is a bare Celery task on the same broker."""

from __future__ import annotations

import contextlib
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from motcua_devstack import ports
from motcua_devstack import probes as ready_when
from motcua_devstack.bench import bare_task, event_service
from motcua_devstack.bench.handled import Handled
from motcua_devstack.bench.profile import sampled
from motcua_devstack.bench.rows import Bench, Better, Probe, Sample, percentile
from motcua_devstack.bench.servers import store
from motcua_devstack.ports import HOST
from motcua_devstack.supervisor import Process, Supervisor
from motcua_kit.clock import system_clock
from motcua_kit.command import Command
from motcua_kit.store import Repository
from motcua_kit.store.connection import Document

DATABASE = "bench_events"
EVENTS, QUICK_EVENTS = 600, 150
SINGLE, QUICK_SINGLE = 30, 10
WORKER, SCHEDULER = "events-worker", "events-scheduler"
TARGET = 0.6
PATIENCE = 60.0
WARM = 20


class Scene:
    """A service with its scheduler and worker, and a bare worker; opened once for all probes of the row."""

    def __init__(self) -> None:
        self._cleanup = contextlib.ExitStack()
        self._opened = False

    def open(self, bench: Bench) -> None:
        """Start it, unless it runs."""
        if self._opened:
            return
        self._opened = True
        keep = self._cleanup.enter_context
        pipe = bench.folder / "handled"
        self.handled = keep(contextlib.closing(Handled(pipe)))
        running = keep(Supervisor(_processes(bench, str(pipe)), bench.folder))
        for name in (WORKER, SCHEDULER):
            keep(sampled(running.pid(name), bench.profile, name.removeprefix("events-")))
        self._store = keep(contextlib.closing(store(bench, DATABASE)))
        self._things = Repository(self._store, event_service.Thing, event_service.THINGS)
        self._template = self._stored_by_the_write_path()
        self._bare = bare_task.bare_app(bench.running.addresses.broker_url)
        self._cleanup.callback(self._bare.close)
        for happen in (self.happen, self.send):
            self.handled.wait_for(happen(WARM), PATIENCE)

    def happen(self, count: int) -> list[str]:
        """Let something happen to so many things in one write, and return the ids of the events."""
        made = [self._copy(uuid.uuid4().hex) for _ in range(count)]
        self._store.collection(event_service.THINGS).insert_many(made)
        return [document["outbox"][0]["id"] for document in made]

    def happen_once(self) -> str:
        """Let something happen to one thing, as a command does it, and return the id of the event."""
        return _create(self._things, uuid.uuid4().hex)

    def send(self, count: int) -> list[str]:
        """Send so many bare tasks one after the other, and return the ids of their events."""
        ids = [uuid.uuid4().hex for _ in range(count)]
        for one in ids:
            self._bare.send_task(bare_task.TASK, kwargs={"event": {"id": one}})
        return ids

    def send_once(self) -> str:
        """Send one bare task, and return the id of its event."""
        return self.send(1)[0]

    def close(self) -> None:
        """Stop everything."""
        self._cleanup.close()
        self._opened = False

    def _stored_by_the_write_path(self) -> Document:
        """A document with its event; nobody relays what is in this collection."""
        aside = Repository(self._store, event_service.Thing, "_template", event_service.THINGS)
        _create(aside, uuid.uuid4().hex)
        return dict(self._store.collection("_template").find_one() or {})

    def _copy(self, identity: str) -> Document:
        (event,) = self._template["outbox"]
        old = self._template["_id"]
        own = {name: event[name].replace(old, identity) for name in ("id", "subject")}
        return {**self._template, "_id": identity, "outbox": [{**event, **own, "time": system_clock()}]}


def _create(things: Repository[event_service.Thing], identity: str) -> str:
    thing = event_service.Thing(id=identity)
    thing.happen()
    things.create(thing, Command(name="Happen", actor="bench", time=system_clock()))
    return f"{event_service.THINGS}/{identity}#1.0"


def _processes(bench: Bench, pipe: str) -> list[Process]:
    """The service's worker and scheduler, and the bare worker."""
    topology = bench.folder / "topology.yaml"
    event_service.write_topology(topology)
    health = ports.allocate(["worker", "scheduler"])
    settings = bench.running.settings("") | {
        "TOPOLOGY_FILE": str(topology),
        "MONGODB_DATABASE": DATABASE,
        "HANDLED": pipe,
    }
    service = (sys.executable, "-m", event_service.__name__)
    return [
        Process(name="events-migrate", command=(*service, "migrate"), environment=settings, once=True),
        Process(
            name=WORKER,
            command=(*service, "worker"),
            environment=settings | {"HEALTH_BIND": f"{HOST}:{health['worker']}"},
            ready=ready_when.http(f"http://{HOST}:{health['worker']}/readyz"),
            after=("events-migrate",),
        ),
        Process(
            name=SCHEDULER,
            command=(sys.executable, "-m", "motcua_kit.scheduler"),
            environment=settings | {"HEALTH_BIND": f"{HOST}:{health['scheduler']}"},
            ready=ready_when.http(f"http://{HOST}:{health['scheduler']}/readyz"),
            after=("events-migrate",),
        ),
        Process(name="bare-worker", command=(sys.executable, "-m", bare_task.__name__, pipe), environment=settings),
    ]


@dataclass
class Rate:
    """Probe: events that are in the outbox at once, until the last was handled; the bare tasks are sent meanwhile."""

    scene: Scene
    name: str = "events"
    unit: str = "events/s"
    better: Better = Better.HIGHER
    target: float | None = TARGET
    _count: int = 0

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""
        self._count = QUICK_EVENTS if bench.quick else EVENTS
        self.scene.open(bench)

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        return self._timed(self.scene.happen)

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        return self._timed(self.scene.send)

    def close(self) -> None:
        """See `Probe.close`."""
        self.scene.close()

    def _timed(self, happen: Callable[[int], list[str]]) -> Sample:
        begun = time.perf_counter()
        self.scene.handled.wait_for(happen(self._count), PATIENCE)
        return Sample(self._count / (time.perf_counter() - begun))


@dataclass
class Latency:
    """Probe: one event at a time, from the end of the command that wrote it until it was handled."""

    scene: Scene
    name: str = "events latency"
    unit: str = "ms p95"
    better: Better = Better.LOWER
    target: float | None = None
    _count: int = 0

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""
        self._count = QUICK_SINGLE if bench.quick else SINGLE
        self.scene.open(bench)

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        return self._timed(self.scene.happen_once)

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        return self._timed(self.scene.send_once)

    def close(self) -> None:
        """See `Probe.close`."""
        self.scene.close()

    def _timed(self, happen: Callable[[], str]) -> Sample:
        latencies = sorted(self._one(happen) for _ in range(self._count))
        return Sample(percentile(latencies, 0.95), {"p50 ms": percentile(latencies, 0.5)})

    def _one(self, happen: Callable[[], str]) -> float:
        event = happen()
        begun = time.perf_counter()
        self.scene.handled.wait_for([event], PATIENCE)
        return (time.perf_counter() - begun) * 1000


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    scene = Scene()
    return [Rate(scene), Latency(scene)]
