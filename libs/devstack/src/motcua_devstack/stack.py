"""The whole suite on one machine, as data: every process with its addresses, settings and order of start."""

import contextlib
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from motcua_devstack import cast, embedded, filelock, ports, probes, servers
from motcua_devstack.errors import DevError
from motcua_devstack.keys import Vault
from motcua_devstack.paths import ROOT, STATE
from motcua_devstack.ports import HOST
from motcua_devstack.supervisor import Process, State, Supervisor
from motcua_kit.topology import Topology
from motcua_ops.naming import OPS, SERVICES, WITH_HTTP

OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SPANS, EID, SINKS, SCHEDULER = "spans", "eid", "sinks", "scheduler"
S3, SMTP, SMS = "s3", "smtp", "sms"
EID_CLIENT, EID_SECRET = "motcua", "eid-client-secret"
TOPOLOGY = ROOT / "telemetry" / "topology.yaml"
CITY = ROOT / "city"
VISIBILITY_SECONDS = 40
"""After which the broker gives a task to another worker."""

PEOPLE = "people"
"""Who is outside of the suite, as the beginning of a way."""

Way = Callable[[str, str, int], int]
"""The port by which somebody reaches somebody: who asks, who is asked, and the port where that one listens."""


def straight(_who: str, _whom: str, port: int) -> int:
    """The way without a detour."""
    return port


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a running stack are reached.

    Attributes:
        grpc: `host:port` by service.
        http: URL by service, of those that have pages; identity's is the OIDC issuer.
        eid: URL of the local national e-ID provider.
        application: where the applications of people get the answer of a sign-in.
        sms: URL of the SMS gateway's stand-in.
        smtp: `host:port` of the mail server's stand-in.
        object_store: URL of the S3 store.
        mongodb_uri: connection string.
        broker_url: connection string.
        otlp: endpoint that spans are sent to.
    """

    grpc: dict[str, str]
    http: dict[str, str]
    eid: str
    application: str
    sms: str
    smtp: str
    object_store: str
    mongodb_uri: str
    broker_url: str
    otlp: str


class Stack:
    """One named stack: its folder, secrets, addresses and processes."""

    def __init__(
        self,
        name: str,
        given: Mapping[str, str] = os.environ,
        folder: Path | None = None,
        *,
        way: Way = straight,
        schedulers: int = 1,
    ) -> None:
        """Name a stack.

        Args:
            name: how people speak of it.
            given: variables that may name servers to use instead of embedded ones.
            folder: where everything of it is kept; `.motcua/<name>` when not given.
            way: by which people and processes reach the processes; what is given is reached straight.
            schedulers: how many wait for the leases.
        """
        self.name = name
        self.given = given
        self.way = way
        self.schedulers = schedulers
        self.folder = folder or STATE / name
        self.logs = self.folder / "logs"
        self.spans = self.folder / "spans.jsonl"
        self.messages = self.folder / "messages"
        self.clock_offset = self.folder / "clock-offset"
        self.state_file = self.folder / "state.json"
        self.lock = self.folder / "lock"
        self.runs = self.folder / "runs"

    @contextlib.contextmanager
    def run(self, *, fresh: bool = False, told: Callable[[str, State], None] | None = None) -> Iterator["RunningStack"]:
        """Run everything for the block.

        Args:
            fresh: begin with empty stores and new secrets.
            told: called at each change of a process's state.

        Raises:
            DevError: the stack runs already, or a process died at its start.
        """

        def refuse(process_id: int) -> None:
            raise DevError(
                f"the stack `{self.name}` runs already (process {process_id}); ./dev down --name {self.name}"
            )

        with filelock.hold(self.lock, refuse):
            if fresh:
                self._forget()
            plan = _Plan(self)
            with Supervisor(
                plan.processes(), self.logs, state_file=self.state_file, told=told or (lambda _name, _state: None)
            ) as supervisor:
                plan.note_base_data()
                yield RunningStack(self, plan.addresses, plan.vault, supervisor, plan.settings)

    def running_pid(self) -> int | None:
        """Process id of who runs this stack; None when nobody does."""
        return filelock.holder(self.lock)

    def states(self) -> dict[str, dict[str, str | int]]:
        """State of the processes as last written by who runs it."""
        if not self.state_file.exists():
            return {}
        states: dict[str, dict[str, str | int]] = json.loads(self.state_file.read_text())
        return states

    def addresses(self) -> Addresses:
        """Addresses as last used.

        Raises:
            DevError: the stack never ran.
        """
        file = self.folder / "addresses.json"
        if not file.exists():
            raise DevError(f"the stack `{self.name}` never ran here; ./dev up")
        return Addresses(**json.loads(file.read_text()))

    def vault(self) -> Vault:
        """The stack's secrets."""
        return Vault(self.folder / "secrets")

    def _forget(self) -> None:
        for path in self.folder.iterdir():
            if path in (self.lock, self.runs):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def scheduler_names(count: int) -> list[str]:
    """Names of the processes that relay and schedule."""
    return [SCHEDULER, *(f"{SCHEDULER}-{number}" for number in range(2, count + 1))]


@dataclass(frozen=True)
class RunningStack:
    """A stack whose processes are all ready.

    Attributes:
        settings: the environment of a service's processes, by its name.
    """

    stack: Stack
    addresses: Addresses
    vault: Vault
    supervisor: Supervisor
    settings: Callable[[str], dict[str, str]]


class _Plan:
    """Processes of a stack that is about to start."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.vault = stack.vault()
        names = [servers.MONGO, servers.BROKER, *servers.OBJECT_PORTS, SPANS, EID, SMS, SMTP, "application"]
        names += [f"{service}-grpc" for service in SERVICES] + [f"{service}-http" for service in WITH_HTTP]
        self._ports = ports.allocate(names, stack.folder / "ports.json")
        self._embedded: list[Process] = []
        self._object_store = self._choose_object_store()
        self.addresses = Addresses(
            grpc=self._grpc_addresses(PEOPLE),
            http={service: f"http://{self._reached(PEOPLE, f'{service}-http')}" for service in WITH_HTTP},
            eid=f"http://{HOST}:{self._ports[EID]}",
            application=f"http://{HOST}:{self._ports['application']}{cast.REDIRECT_PATH}",
            sms=f"http://{HOST}:{self._ports[SMS]}",
            smtp=f"{HOST}:{self._ports[SMTP]}",
            object_store=self._object_store.url,
            mongodb_uri=self._choose_mongo(),
            broker_url=self._choose_broker(),
            otlp=self._choose_spans(),
        )
        (stack.folder / "addresses.json").write_text(json.dumps(vars(self.addresses), indent=1))
        if not stack.clock_offset.exists():
            stack.clock_offset.write_text("0")

    def _port(self, who: str, whom: str) -> int:
        """The port by which somebody reaches somebody."""
        return self._stack.way(who, whom, self._ports[whom])

    def _reached(self, who: str, whom: str) -> str:
        return f"{HOST}:{self._port(who, whom)}"

    def _grpc_addresses(self, who: str) -> dict[str, str]:
        return {service: self._reached(who, f"{service}-grpc") for service in SERVICES}

    def _stores(self, who: str) -> dict[str, str]:
        """URLs of the stores as somebody reaches them; given ones are reached straight."""
        given = self._stack.given
        return {
            embedded.MONGODB_URI: given.get(embedded.MONGODB_URI)
            or servers.mongodb_uri(self._port(who, servers.MONGO)),
            embedded.BROKER_URL: given.get(embedded.BROKER_URL) or servers.broker_url(self._port(who, servers.BROKER)),
            embedded.OBJECT_STORE_URL: given.get(embedded.OBJECT_STORE_URL) or f"http://{self._reached(who, S3)}",
        }

    def _choose_mongo(self) -> str:
        if given := self._stack.given.get(embedded.MONGODB_URI):
            return given
        self._embedded.append(servers.mongo(self._ports[servers.MONGO], self._data(servers.MONGO)))
        return servers.mongodb_uri(self._ports[servers.MONGO])

    def _choose_broker(self) -> str:
        if given := self._stack.given.get(embedded.BROKER_URL):
            return given
        self._embedded.append(servers.broker(self._ports[servers.BROKER], self._data(servers.BROKER)))
        return servers.broker_url(self._ports[servers.BROKER])

    def _choose_object_store(self) -> servers.ObjectStoreAccess:
        if given := embedded.given_object_store(self._stack.given):
            return given
        access = servers.ObjectStoreAccess(
            f"http://{HOST}:{self._ports['s3']}",
            self.vault.token("object-store-access-key"),
            self.vault.token("object-store-secret-key"),
        )
        self._embedded.append(servers.objects(self._ports, self._data(servers.OBJECTS), access))
        return access

    def _choose_spans(self) -> str:
        if given := self._stack.given.get(OTLP_ENDPOINT):
            return given
        port = self._ports[SPANS]
        command = (sys.executable, "-m", "motcua_devstack.spans", str(port), str(self._stack.spans))
        self._embedded.append(Process(name=SPANS, command=command, ready=probes.tcp(port)))
        return f"http://{HOST}:{port}"

    def _data(self, name: str) -> Path:
        return self._stack.folder / "data" / name

    def processes(self) -> list[Process]:
        """All processes of the stack."""
        basis = tuple(process.name for process in self._embedded)
        topology = Topology.load(TOPOLOGY)
        processes = [*self._embedded, self._eid(basis), self._sinks(basis)]
        for service in SERVICES:
            processes += self._service(service, basis, topology)
        if not self.base_data_is_loaded():
            processes += self._base_data()
        processes += [
            Process(
                name=name,
                command=(sys.executable, "-m", "motcua_kit.scheduler"),
                environment=self.settings(SCHEDULER),
                after=basis,
            )
            for name in scheduler_names(self._stack.schedulers)
        ]
        return processes

    def _service(self, service: str, basis: tuple[str, ...], topology: Topology) -> Iterator[Process]:
        settings = self.settings(service)
        module = (sys.executable, "-m", f"motcua_{service}")
        ready = (*basis, f"{service}-grpc")
        yield Process(
            name=f"{service}-grpc",
            command=(*module, "grpc", "--migrate"),
            environment=settings,
            ready=probes.grpc_health(self._ports[f"{service}-grpc"]),
            after=basis,
            stop_seconds=25,
        )
        if service in WITH_HTTP:
            port = self._ports[f"{service}-http"]
            yield Process(
                name=f"{service}-http",
                command=(*module, "http"),
                environment=settings,
                ready=probes.tcp(port),
                after=ready,
            )
        if service in topology.services and topology.tasks_of(service):
            yield Process(
                name=f"{service}-worker",
                command=(*module, "worker"),
                environment=settings,
                after=ready,
                stop_seconds=30,
            )

    def base_data_is_loaded(self) -> bool:
        """Whether these very files have been loaded into the embedded database; nobody knows what became of another."""
        return (
            embedded.MONGODB_URI not in self._stack.given
            and self._mark.exists()
            and self._mark.read_text() == self._base_data_digest()
        )

    def note_base_data(self) -> None:
        """Remember that the base data are loaded."""
        self._mark.write_text(self._base_data_digest())

    @property
    def _mark(self) -> Path:
        return self._stack.folder / "base-data"

    def _base_data_digest(self) -> str:
        digest = hashlib.sha256(self.addresses.mongodb_uri.encode())
        digest.update(self._seed.read_bytes())
        for file in sorted((*(CITY / "units").rglob("*.*"), *(CITY / "parcels").rglob("*.*"))):
            digest.update(file.read_bytes())
        return digest.hexdigest()

    @cached_property
    def _seed(self) -> Path:
        return cast.write_seed(self.vault, (*SERVICES, OPS), self.addresses.application)

    def _base_data(self) -> Iterator[Process]:
        yield Process(
            name="identity-seed",
            command=(sys.executable, "-m", "motcua_identity", "seed", "--file", str(self._seed)),
            environment=self.settings("identity"),
            after=("identity-grpc",),
            once=True,
        )
        yield Process(
            name="land-load",
            command=(sys.executable, "-m", "motcua_land", "load", "--dir", str(CITY / "parcels")),
            environment=self.settings("land"),
            after=("land-grpc",),
            once=True,
        )

    def _eid(self, basis: tuple[str, ...]) -> Process:
        self.vault.token(EID_SECRET)
        return Process(
            name=EID,
            command=(
                *(sys.executable, "-m", "motcua_devstack.eid", "--port", str(self._ports[EID])),
                *("--issuer", self.addresses.eid, "--client-id", EID_CLIENT),
                *("--client-secret-file", str(self.vault.folder / EID_SECRET)),
                *("--redirect-uri", f"{self.addresses.http['identity']}/eid/callback"),
            ),
            ready=probes.tcp(self._ports[EID]),
            after=basis,
        )

    def _sinks(self, basis: tuple[str, ...]) -> Process:
        return Process(
            name=SINKS,
            command=(
                *(sys.executable, "-m", "motcua_devstack.sinks", "--folder", str(self._stack.messages)),
                *("--smtp-port", str(self._ports[SMTP]), "--sms-port", str(self._ports[SMS])),
            ),
            ready=probes.tcp(self._ports[SMTP]),
            after=basis,
        )

    def settings(self, service: str) -> dict[str, str]:
        """The environment of a service's processes; what a service does not know it does not read."""
        signing = self.vault.signing()
        settings = {
            **self._stores(service),
            "PROFILE": "local",
            "PYTHONUNBUFFERED": "1",
            "OBJECT_STORE_ACCESS_KEY": self._object_store.access_key,
            "OBJECT_STORE_SECRET_KEY": self._object_store.secret_key,
            # A task of a killed worker comes back soon; longer than the longest pause between two tries.
            "BROKER_VISIBILITY_TIMEOUT": str(VISIBILITY_SECONDS),
            OTLP_ENDPOINT: self.addresses.otlp,
            "TRACE_READS": "1",
            "ISSUER": self.addresses.http["identity"],
            "CITY_DIR": str(CITY),
            "TOPOLOGY_FILE": str(TOPOLOGY),
            "PAGE_TOKEN_KEY": self.vault.token("page-token-key"),
            "SIGNING_KEY_FILE": str(signing.key_file),
            "SIGNING_CERTIFICATE_FILE": str(signing.certificate_file),
            "SIGNING_CHAIN_FILE": str(signing.chain_file),
            "CLOCK_OFFSET_FILE": str(self._stack.clock_offset),
            **{f"{name.upper()}_ADDRESS": address for name, address in self._grpc_addresses(service).items()},
        }
        if service in SERVICES:
            settings["GRPC_BIND"] = f"{HOST}:{self._ports[f'{service}-grpc']}"
            settings["GRPC_REFLECTION"] = "true"
            settings["CLIENT_SECRET"] = cast.client_secret(self.vault, service)
        if service in WITH_HTTP:
            settings["HTTP_BIND"] = f"{HOST}:{self._ports[f'{service}-http']}"
        return settings | self._own_settings(service)

    def _own_settings(self, service: str) -> dict[str, str]:
        match service:
            case "identity":
                return {
                    "EID_ISSUER": self.addresses.eid,
                    "EID_CLIENT_ID": EID_CLIENT,
                    "EID_CLIENT_SECRET": self.vault.token(EID_SECRET),
                    "SEALING_KEY": self.vault.token("sealing-key"),
                }
            case "dossier":
                return {"MALWARE_SCANNER": "local"}
            case "permits":
                return {"PUBLIC_URL": self.addresses.http["permits"]}
            case "notify":
                host, _, port = self._reached(service, SMTP).partition(":")
                return {"SMTP_HOST": host, "SMTP_PORT": port, "SMS_URL": f"http://{self._reached(service, SMS)}"}
            case _:
                return {}
