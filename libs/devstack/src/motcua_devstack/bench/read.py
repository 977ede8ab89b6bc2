"""Row `read`: a citizen reads a dossier; its limit is a bare handler that finds one document by its id."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from motcua.dossier.v1.dossier_pb2 import GetDossierRequest
from motcua_devstack.bench import population
from motcua_devstack.bench.clients import Calls, ClientProcesses
from motcua_devstack.bench.rows import Bench, Better, Probe, Sample
from motcua_devstack.bench.servers import bare_server, dossier_server, store, world_with
from motcua_devstack.demo.walk import APPLICANT

DATABASE = "bench_read"
DOSSIERS = 500
CLIENTS = (1, 8, 32)
TARGET = 0.70


class Scene:
    """A database of drafts with both servers on it; opened once for all probes of the row."""

    def __init__(self) -> None:
        self._cleanup = contextlib.ExitStack()
        self.clients = ClientProcesses()
        self.suite = self.bare = Calls("", "", ())

    def open(self, bench: Bench) -> None:
        """Make it, unless it is there."""
        if self.suite.address:
            return
        bench.say("  filling a database with drafts")
        keep = self._cleanup.enter_context
        address = keep(dossier_server(bench, DATABASE))
        world = world_with(bench, address)
        self._cleanup.callback(world.suite.close)
        citizen = world.citizen(APPLICANT)
        dossier = population.draft(citizen)
        documents = keep(contextlib.closing(store(bench, DATABASE)))
        names = population.fill(documents, population.copies(population.stored(documents, dossier)), DOSSIERS)
        bare = keep(bare_server(bench, DATABASE, dossier))
        keep(self.clients)
        requests = [GetDossierRequest(name=name).SerializeToString() for name in names]
        token = citizen.credentials.token() if citizen.credentials else ""
        self.suite = Calls(address, "/motcua.dossier.v1.DossierService/GetDossier", requests, token)
        self.bare = Calls(bare, "/motcua.bench.Bare/GetDossier", requests)

    def close(self) -> None:
        """Close what was opened."""
        self._cleanup.close()


@dataclass
class Reading:
    """Reads by so many clients."""

    scene: Scene
    clients: int
    unit: str = "calls/s"
    better: Better = Better.HIGHER
    target: float | None = TARGET
    name: str = field(init=False)
    _seconds: float = 0.0

    def __post_init__(self) -> None:
        self.name = f"read {self.clients} client{'s' if self.clients > 1 else ''}"

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""
        self._seconds = bench.seconds
        self.scene.open(bench)
        for calls in (self.scene.suite, self.scene.bare):  # caches and connections get warm
            self.scene.clients.run(calls, self.clients, self._seconds / 4)

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        return self.scene.clients.run(self.scene.suite, self.clients, self._seconds)

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        return self.scene.clients.run(self.scene.bare, self.clients, self._seconds)

    def close(self) -> None:
        """See `Probe.close`."""
        self.scene.close()


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    scene = Scene()
    return [Reading(scene, clients) for clients in CLIENTS]
