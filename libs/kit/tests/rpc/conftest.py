"""A small service behind the kit's real gRPC server."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from buf.validate import validate_pb2  # noqa: F401 - the textproto uses its extension
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, timestamp_pb2  # noqa: F401
from pymongo.errors import AutoReconnect

from motcua_kit import domain
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.domain import Aggregate
from motcua_kit.mapping import to_message
from motcua_kit.rpc import Servicer, execute, id_of, page_of, query
from motcua_kit.service import App, Runtime, Service
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Collection, Migration, Repository, ensure_collections
from motcua_kit.testing.running import RunningService

NAME = "motcua.kittest.v1.ThingService"
FULL = 3


def _load() -> dict[str, Any]:
    pool = descriptor_pool.Default()
    text = (Path(__file__).parent / "thing.textproto").read_text()
    file = text_format.Parse(text, descriptor_pb2.FileDescriptorProto())
    pool.AddSerializedFile(file.SerializeToString())
    return {
        message.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{message.name}"))
        for message in file.message_type
    }


PB = _load()


@dataclass(kw_only=True)
class Thing(Aggregate):
    owner: str = ""
    unit: str = ""
    count: int = 0

    def add(self) -> None:
        if self.count >= FULL:
            raise domain.IllegalTransition("THING_FULL", "no more fits", resource=f"things/{self.id}", limit=str(FULL))
        self.count += 1


def thing_message(thing: Thing) -> Any:
    return to_message(thing, PB["Thing"], name=f"things/{thing.id}")


class ThingServicer:
    def __init__(self, runtime: Runtime) -> None:
        self.things = Repository(runtime.store, Thing, "things", signer=runtime.page_signer)

    def GetThing(self, request: Any, _context: object) -> Any:  # noqa: N802 - gRPC's name
        def run(access: Access) -> Thing:
            thing = self.things.get(id_of(request.name, "things"))
            access.check(owner=thing.owner, unit=thing.unit, resource=request.name)
            return thing

        return query(thing_message, run)

    def PeekThing(self, request: Any, _context: object) -> Any:  # noqa: N802
        return query(thing_message, lambda _: self.things.get(id_of(request.name, "things")))

    def CreateThing(self, request: Any, _context: object) -> Any:  # noqa: N802
        def run(command: Command, _: Access) -> Thing:
            thing = Thing(id=uuid.uuid4().hex, owner=command.actor, unit=request.unit, count=request.count)
            return self.things.create(thing, command)

        return execute(request, thing_message, run)

    def AddToThing(self, request: Any, _context: object) -> Any:  # noqa: N802
        def run(command: Command, access: Access) -> Thing:
            def mutate(thing: Thing) -> None:
                access.check(owner=thing.owner, unit=thing.unit, resource=request.name)
                thing.add()

            return self.things.change(id_of(request.name, "things"), command, mutate, etag=request.etag)

        return execute(request, thing_message, run)

    def ListThings(self, request: Any, _context: object) -> Any:  # noqa: N802
        def run(access: Access) -> tuple[list[Thing], str]:
            rows = access.filter(owner="owner", unit="unit")
            return self.things.page(rows, [("count", 1)], page_of(request))

        def respond(found: tuple[list[Thing], str]) -> Any:
            things, token = found
            return PB["ListThingsResponse"](things=[thing_message(thing) for thing in things], next_page_token=token)

        return query(respond, run)

    def Fail(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.how == "slow":
            time.sleep(min(5.0, context.time_remaining() + 1))
        if request.how == "held":
            GATE.wait(timeout=60)
        raise FAILURES[request.how]


GATE = threading.Event()
"""Opened when calls of `Fail` that are held may end."""

FAILURES: dict[str, Exception] = {
    "held": domain.NotFound(resource="things/9"),
    "slow": TimeoutError(),
    "bug": KeyError("079123456789"),
    "database": AutoReconnect("mongo.internal:27017: connection closed"),
    "validation": domain.ValidationFailed(
        "REQUEST_INVALID", "wrong", [domain.FieldViolation("form.area", "AREA_TOO_SMALL", "at least 36 m²")]
    ),
    "not_found": domain.NotFound(resource="things/9"),
    "exists": domain.AlreadyExists("ALREADY_EXISTS", "there is one", resource="things/9"),
    "transition": domain.IllegalTransition("THING_FULL", "full", resource="things/9", limit="3"),
    "precondition": domain.PreconditionFailed("THING_FULL", "full", resource="things/9", limit="3"),
    "stale": domain.StaleVersion("ETAG_MISMATCH", "read again", resource="things/9"),
    "conflict": domain.Conflict("CONFLICT", "others were faster", resource="things/9"),
    "unauthenticated": domain.NotAuthenticated("TOKEN_MISSING", "who are you"),
    "forbidden": domain.Forbidden("PERMISSION_DENIED", "not you"),
    "limited": domain.RateLimited("RATE_LIMITED", "slowly", timedelta(seconds=6), limit="10 per minute"),
    "down": domain.DependencyDown("DEPENDENCY_DOWN", "wait"),
}


def add_to_server(servicer: ThingServicer, server: grpc.Server) -> None:
    service = descriptor_pool.Default().FindServiceByName(NAME)
    handlers = {
        method.name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, method.name),
            request_deserializer=PB[method.input_type.name].FromString,
            response_serializer=PB[method.output_type.name].SerializeToString,
        )
        for method in service.methods
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(NAME, handlers)])


class ThingStub:
    def __init__(self, channel: grpc.Channel) -> None:
        for method in descriptor_pool.Default().FindServiceByName(NAME).methods:
            call = channel.unary_unary(
                f"/{NAME}/{method.name}",
                request_serializer=PB[method.input_type.name].SerializeToString,
                response_deserializer=PB[method.output_type.name].FromString,
            )
            setattr(self, method.name, call)


def build(_settings: ServiceSettings, runtime: Runtime) -> App:
    return App(servicers=[Servicer(NAME, add_to_server, ThingServicer(runtime))])


MIGRATIONS = [Migration("0001_things", lambda store: ensure_collections(store, [Collection("things")]))]
SERVICE = Service("thing", ServiceSettings, build, MIGRATIONS)


class Things:
    """The running service, and its messages by name."""

    def __init__(self, running: RunningService) -> None:
        self.running = running
        self.messages = PB

    def as_(self, caller: Any = None) -> Any:
        return self.running.call(ThingStub, caller)

    def request(self, kind: str, **fields: object) -> Any:
        return PB[f"{kind}Request"](**fields)


@pytest.fixture
def start(serve: Callable[..., RunningService]) -> Callable[..., Things]:
    def run(**settings: object) -> Things:
        return Things(serve(SERVICE, **settings))

    return run


@pytest.fixture
def things(start: Callable[..., Things]) -> Things:
    return start()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds calls of `Fail` with `held` until it is set."""
    GATE.clear()
    yield GATE
    GATE.set()


@pytest.fixture(scope="session")
def failures() -> dict[str, Exception]:
    return FAILURES


@pytest.fixture(scope="session")
def thing_service() -> Service[ServiceSettings]:
    return SERVICE
