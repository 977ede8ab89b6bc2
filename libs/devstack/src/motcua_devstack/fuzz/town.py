"""The suite in one process, with people, land and work in it, so that hostile calls have something to hit."""

import contextlib
import importlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import grpc
from google.protobuf.message import Message
from werkzeug.serving import make_server

from motcua.identity.v1.officer_pb2 import ListOfficersRequest, Role
from motcua.identity.v1.officer_pb2_grpc import OfficerServiceStub
from motcua_client import StaticToken
from motcua_devstack import cast, ports
from motcua_devstack.demo import house, people
from motcua_devstack.eid.people import PEOPLE_FILE, Person, load_people
from motcua_devstack.eid.server import EidClient, create_app
from motcua_devstack.embedded import EmbeddedServers
from motcua_devstack.keys import Vault
from motcua_devstack.paths import ROOT
from motcua_devstack.sinks.running import Sinks
from motcua_kit.access import ANYONE, Caller, RowRule
from motcua_kit.data import load_file
from motcua_kit.documents.sample_key import write_sample_key
from motcua_kit.rpc.channels import Channels
from motcua_kit.service import Service
from motcua_kit.testing import Issuer, RunningService, Serving, SettableClock, officer, service_caller, work
from motcua_kit.testing.issuer import URL
from motcua_ops.naming import SERVICES

P = TypeVar("P", bound=people.Person)

DAY_SECONDS = 24 * 3600
BUCKET = "fuzz"
"""One for all towns: keys in it are unique, and each bucket costs volumes."""

EID_CLIENT, EID_SECRET = "motcua", "of-the-town"


class Ears(grpc.UnaryUnaryClientInterceptor):
    """Overhears requests.

    Args:
        heard: gets them.
    """

    def __init__(self, heard: list[Message]) -> None:
        self._heard = heard

    def intercept_unary_unary(self, continuation: Callable[..., Any], client_call_details: Any, request: Any) -> Any:
        """Keep a copy of the request and pass it on."""
        kept = type(request)()
        kept.CopyFrom(request)
        self._heard.append(kept)
        return continuation(client_call_details, request)


class Town:
    """All services in this process over real sockets, and the people of the demo; use it in a `with` block.

    Args:
        servers: what the services store in.
        folder: for keys and messages.

    Attributes:
        services: by name.
        issuer: of the tokens that all services trust.
        clock: business time of all services.
        eid: URL of the national e-ID.
        vault: secrets of officers and clients.
        overheard: what people have asked the services.
        applicant: account of the one who wants something from the City.
        neighbour: account of somebody else.
    """

    def __init__(self, servers: EmbeddedServers, folder: Path) -> None:
        self._servers = servers
        self._folder = folder
        self._open = ExitStack()
        self.vault = Vault(folder / "secrets")
        self.overheard: list[Message] = []
        self._names: dict[str, str] = {}
        self.services: dict[str, RunningService] = {}
        self.issuer = Issuer()
        self.clock = SettableClock()

    def __enter__(self) -> Self:
        """Serve everything and let people move in."""
        with ExitStack() as starting:
            self._serve(starting)
            addresses = {name: one.address for name, one in self.services.items()}
            self.suite = people.Suite(addresses, lambda channel: grpc.intercept_channel(channel, Ears(self.overheard)))
            starting.callback(self.suite.close)
            self._move_in()
            self._open = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self._open.close()

    def work(self) -> list[str]:
        """Let all that follows from what was done happen; returns the types of the events."""
        return work(list(self.services.values()))

    def deviations(self) -> list[str]:
        """Where documents are not what their history makes of them."""
        return [str(one) for one in self._serving.deviations()]

    def permissions(self, service: str) -> dict[str, dict[str, RowRule]]:
        """The permission table of a service: role to row rule, by RPC."""
        return service_of(service).permissions().rows

    def names(self) -> list[str]:
        """Names that nothing answers with: those that people know anyhow."""
        return [self.applicant, house.WARD, house.CONSULTED_AGENCY, f"procedures/{house.PROCEDURE}", "calendars/hcmc"]

    def caller(self, role: str) -> Caller | None:
        """Somebody who holds a role of the permission tables; None for anyone."""
        if role == ANYONE:
            return None
        if role.startswith("service."):
            return service_caller(role.removeprefix("service."))
        if role in ("citizen", "organisation_representative"):
            return Caller(name=self.applicant, kind=role, assurance=2)
        one = next((one for one in cast.OFFICERS if one.role == role), None)
        return officer(role, one.unit if one else cast.SAIGON_WARD, self._names.get(role, ""))

    def person(self, kind: Callable[[people.Suite, str, StaticToken | None], P], role: str) -> P:
        """Somebody who holds a role, with the actions of the demo."""
        caller = self.caller(role)
        return kind(self.suite, caller.name if caller else "", self.credentials(role))

    def credentials(self, role: str) -> StaticToken | None:
        """A day's token of somebody who holds a role."""
        caller = self.caller(role)
        return StaticToken(self.issuer.token(caller, seconds=DAY_SECONDS)) if caller else None

    def _serve(self, starting: ExitStack) -> None:
        sinks = starting.enter_context(Sinks(self._folder / "messages"))
        name = f"fuzz_{uuid.uuid4().hex[:12]}"
        taken = ports.allocate((*SERVICES, "eid"))
        binds = {service: f"{ports.HOST}:{taken[service]}" for service in SERVICES}
        sample = write_sample_key(
            self._folder / "signing",
            common_name="Town signer",
            organisation="Town",
            time=self.clock() - timedelta(days=365),
        )
        shared: dict[str, Any] = {
            "signing_key_file": sample.key_file,
            "signing_certificate_file": sample.certificate_file,
            "signing_chain_file": sample.chain_file,
            "object_store_bucket": BUCKET,
            **{f"{service}_address": bind for service, bind in binds.items()},
        }
        self.eid = starting.enter_context(_eid(taken["eid"]))
        own: dict[str, dict[str, Any]] = {
            "dossier": {"malware_scanner": "local"},
            "identity": {
                "eid_issuer": self.eid,
                "eid_client_id": EID_CLIENT,
                "eid_client_secret": EID_SECRET,
                "sealing_key": "0123456789abcdef0123456789abcdef",
                "attempts_url": "memory://",
            },
            "notify": {"smtp_port": sinks.smtp_port, "sms_url": sinks.sms_url},
        }
        self._serving = serving = starting.enter_context(Serving(self._servers, self.issuer, self.clock, shared))
        for service in SERVICES:
            running = serving.start(
                service_of(service),
                mongodb_database=f"{name}_{service}",
                grpc_bind=binds[service],
                **own.get(service, {}),
            )
            store = running.runtime.store
            starting.callback(store.client.drop_database, store.database.name)
            token = self.issuer.token(service_caller(service), seconds=DAY_SECONDS)
            running.runtime.__dict__["channels"] = Channels(running.runtime.settings, StaticToken(token))
            self.services[service] = running

    def _move_in(self) -> None:
        """Citizens with accounts, officers with posts, and the land register."""
        identity = importlib.import_module("motcua_identity.bootstrap")
        runtime = self.services["identity"].runtime
        parts = identity.Parts(runtime.settings, runtime)
        opened = [parts.account_app.sign_in(_asserted(one)) for one in load_people(PEOPLE_FILE).values()]
        self.applicant, self.neighbour = (f"accounts/{one.id}" for one in opened[:2])
        land = importlib.import_module("motcua_land.commands")
        land.load_register(self.services["land"].runtime.store, ROOT / "city" / "parcels", lambda *_: None)
        seed = cast.write_seed(self.vault, SERVICES, cast.REDIRECT_URI)
        seed_file = importlib.import_module("motcua_identity.application.seeding").SeedFile
        parts.seeder.seed(load_file(seed, seed_file), lambda name: (seed.parent / name).read_text().strip())
        administrator = self.person(people.Administrator, "system_admin")
        found = administrator.stub("identity", OfficerServiceStub).ListOfficers(ListOfficersRequest())
        self._names = {Role.Name(one.posts[0].role).removeprefix("ROLE_").lower(): one.name for one in found.officers}


@contextlib.contextmanager
def _eid(port: int) -> Iterator[str]:
    """The national e-ID on a port; gives its URL."""
    url = f"http://{ports.HOST}:{port}"
    client = EidClient(EID_CLIENT, EID_SECRET, f"{URL}/eid/callback")
    server = make_server(ports.HOST, port, create_app(url, client, load_people(PEOPLE_FILE)), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def service_of(name: str) -> Service[Any]:
    """A service as its command line runs it."""
    service: Service[Any] = importlib.import_module(f"motcua_{name}.bootstrap").SERVICE
    return service


def _asserted(person: Person) -> Any:
    account = importlib.import_module("motcua_identity.domain.account")
    citizen_id = importlib.import_module("motcua_identity.domain.citizen_id")
    return account.EidIdentity(
        issuer="https://eid.test",
        subject=person.subject,
        level=account.AssuranceLevel(person.level),
        citizen_id=citizen_id.CitizenId.parse(person.citizen_id),
        full_name=person.name,
        birth_date=person.birth_date,
        address=person.address,
        address_unit=f"units/{person.ward_code}",
        phone=person.phone,
        email=person.email,
    )
