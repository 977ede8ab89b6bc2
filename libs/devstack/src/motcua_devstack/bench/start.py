"""Rows `start` and `memory`: a service until it is ready, and what it keeps; the limit only imports the same."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from google.protobuf.message import Message

from motcua.dossier.v1.dossier_pb2 import ListDossiersRequest
from motcua.identity.v1.account_pb2 import GetAccountRequest
from motcua.land.v1.parcels_pb2 import GetParcelRequest
from motcua.notify.v1.inbox_pb2 import ListMessagesRequest
from motcua.permits.v1.permit_pb2 import ListPermitsRequest
from motcua_devstack import ports
from motcua_devstack import probes as ready_when
from motcua_devstack.bench.clients import Calls, ClientProcesses
from motcua_devstack.bench.rows import Bench, Better, Probe, Sample
from motcua_devstack.bench.servers import UNLIMITED
from motcua_devstack.demo import house, people
from motcua_devstack.demo.local import local_world
from motcua_devstack.demo.walk import APPLICANT
from motcua_devstack.ports import HOST
from motcua_devstack.supervisor import Process, Supervisor
from motcua_ops.naming import SERVICES

CLIENTS = 8
KIB_OF_MIB = 1024
IMPORT = "import {module}; print('{said}', flush=True); import time; time.sleep(3600)"
SAID = "everything is imported"


class Scene:
    """A citizen and what they read of each service; opened once for all probes of the row."""

    def __init__(self) -> None:
        self._cleanup = contextlib.ExitStack()
        self.clients = ClientProcesses()
        self.token = ""
        self.reads: dict[str, tuple[str, Message]] = {}

    def open(self, bench: Bench) -> None:
        """Sign in, unless that is done."""
        if self.reads:
            return
        world = local_world(bench.running, lambda channel: channel)
        self._cleanup.callback(world.suite.close)
        citizen = world.citizen(APPLICANT)
        parcel = people.form_of(citizen.start(house.PROCEDURE, house.WARD))["land"]["parcel"]
        self._cleanup.enter_context(self.clients)
        self.token = citizen.credentials.token() if citizen.credentials else ""
        self.reads = {
            "identity": ("motcua.identity.v1.AccountService/GetAccount", GetAccountRequest(name=citizen.name)),
            "dossier": ("motcua.dossier.v1.DossierService/ListDossiers", ListDossiersRequest()),
            "land": ("motcua.land.v1.ParcelService/GetParcel", GetParcelRequest(name=parcel)),
            "permits": ("motcua.permits.v1.PermitService/ListPermits", ListPermitsRequest()),
            "notify": ("motcua.notify.v1.InboxService/ListMessages", ListMessagesRequest(parent=citizen.name)),
        }

    def read(self, service: str, address: str, seconds: float) -> None:
        """Let clients read."""
        method, request = self.reads[service]
        self.clients.run(Calls(address, f"/{method}", (request.SerializeToString(),), self.token), CLIENTS, seconds)

    def close(self) -> None:
        """End the clients."""
        self._cleanup.close()
        self.reads = {}


@dataclass
class Starting:
    """Probe: seconds from the start of a process of the service until its health says SERVING."""

    scene: Scene
    service: str
    unit: str = "s"
    better: Better = Better.LOWER
    target: float | None = None
    idle: Sample = field(default_factory=lambda: Sample(0))
    bare: Sample = field(default_factory=lambda: Sample(0))

    def __post_init__(self) -> None:
        self.name = f"start {self.service}"

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""
        self._bench = bench
        self.scene.open(bench)

    def measure(self) -> Sample:
        """See `Probe.measure`. The memory is noted for the other probe."""
        port = ports.allocate([self.service])[self.service]
        address = f"{HOST}:{port}"
        process = Process(
            name=f"start-{self.service}",
            command=(sys.executable, "-m", f"motcua_{self.service}", "grpc"),
            environment=self._bench.running.settings(self.service) | {"GRPC_BIND": address, "RATE_LIMIT": UNLIMITED},
            ready=ready_when.grpc_health(port),
        )
        with self._started(process) as (seconds, pid):
            idle = resident(pid)
            self.scene.read(self.service, address, self._bench.seconds)
            self.idle = Sample(idle, {"after load MiB": resident(pid)})
        return Sample(seconds)

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        name = f"import-{self.service}"
        program = IMPORT.format(module=f"motcua_{self.service}.__main__, motcua_kit.service.commands", said=SAID)
        process = Process(
            name=name,
            command=(sys.executable, "-c", program),
            environment=self._bench.running.settings(self.service),
            ready=ready_when.log_line(self._bench.folder / f"{name}.log", SAID),
        )
        with self._started(process) as (seconds, pid):
            self.bare = Sample(resident(pid))
        return Sample(seconds)

    def close(self) -> None:
        """See `Probe.close`."""
        self.scene.close()

    @contextlib.contextmanager
    def _started(self, process: Process) -> Iterator[tuple[float, int]]:
        begun = time.perf_counter()
        with Supervisor([process], self._bench.folder) as supervisor:
            yield time.perf_counter() - begun, supervisor.pid(process.name)


@dataclass
class Memory:
    """Probe: what the process of `Starting` held when it was ready, and after some load."""

    of: Starting
    unit: str = "MiB"
    better: Better = Better.LOWER
    target: float | None = None

    def __post_init__(self) -> None:
        self.name = f"memory {self.of.service}"

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        return self.of.idle

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        return self.of.bare

    def close(self) -> None:
        """See `Probe.close`."""


def resident(pid: int) -> float:
    """Memory of a process that is in the machine, in MiB."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(told.stdout) / KIB_OF_MIB


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    scene = Scene()
    starting = [Starting(scene, service) for service in SERVICES]
    return [probe for one in starting for probe in (one, Memory(one))]
