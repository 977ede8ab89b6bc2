from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from motcua.identity.v1 import account_pb2, officer_pb2, unit_pb2
from motcua_client import StaticToken, connect
from motcua_devstack.sinks import Sinks
from motcua_kit.testing import RunningService
from motcua_notify.adapters.city import load_library
from motcua_notify.adapters.jinja import JinjaRenderer
from motcua_notify.bootstrap import SERVICE
from motcua_notify.domain.library import Library

Context = grpc.ServicerContext
CITY = Path(__file__).parents[3] / "city"
AN = f"accounts/{'a' * 32}"
UNITS = {
    "units/26740": ("Phường Sài Gòn", unit_pb2.UNIT_TYPE_WARD),
    "units/so-qhkt": ("Sở Quy hoạch - Kiến trúc", unit_pb2.UNIT_TYPE_AGENCY),
}


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library(CITY)


@pytest.fixture(scope="session")
def renderer() -> JinjaRenderer:
    return JinjaRenderer(CITY / "messages" / "layout")


@pytest.fixture
def sinks(tmp_path: Path) -> Iterator[Sinks]:
    with Sinks(tmp_path) as sinks:
        yield sinks


def serialized(message: Message) -> bytes:
    return message.SerializeToString()


class Identity:
    """An identity service with the people that a test puts into it, over a real socket."""

    def __init__(self) -> None:
        self.accounts: dict[str, account_pb2.Account] = {}
        self.officers: dict[str, officer_pb2.Officer] = {}
        self.down = False
        self.purposes: list[str] = []
        self._server = grpc.server(ThreadPoolExecutor(4))
        methods: dict[str, tuple[type[Any], Callable[..., Message]]] = {
            "AccountService/GetAccount": (account_pb2.GetAccountRequest, self._get_account),
            "OfficerService/GetOfficer": (officer_pb2.GetOfficerRequest, self._get_officer),
            "OfficerService/ListOfficers": (officer_pb2.ListOfficersRequest, self._list_officers),
            "UnitService/GetUnit": (unit_pb2.GetUnitRequest, self._get_unit),
        }
        for method, (request, answer) in methods.items():
            service, _, name = method.partition("/")
            handler: Any = grpc.unary_unary_rpc_method_handler(
                answer, request_deserializer=request.FromString, response_serializer=serialized
            )
            generic = grpc.method_handlers_generic_handler(f"motcua.identity.v1.{service}", {name: handler})
            self._server.add_generic_rpc_handlers((generic,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def person(self, name: str = AN, **fields: str) -> None:
        self.accounts[name] = account_pb2.Account(
            name=name,
            full_name=fields.get("full_name", "Nguyễn Văn An"),
            phone=fields.get("phone", "0901234567"),
            email=fields.get("email", "an.nguyen@example.vn"),
            locale=fields.get("locale", "vi"),
        )

    def officer(self, name: str, role: str, unit: str, start: date, end: date | None = None) -> None:
        post = officer_pb2.Post(
            unit=unit,
            role=officer_pb2.Role.Value(f"ROLE_{role.upper()}"),
            start_date=Date(year=start.year, month=start.month, day=start.day),
            end_date=Date(year=end.year, month=end.month, day=end.day) if end else None,
        )
        self.officers[name] = officer_pb2.Officer(
            name=name, full_name="Trần Thị Bình", email="binh@hcm.example.vn", posts=[post]
        )

    def stop(self) -> None:
        self._server.stop(0).wait()

    def _get_account(self, request: account_pb2.GetAccountRequest, context: Context) -> account_pb2.Account:
        self._answer(context, found=request.name in self.accounts)
        self.purposes.append(request.purpose)
        return self.accounts[request.name]

    def _get_officer(self, request: officer_pb2.GetOfficerRequest, context: Context) -> officer_pb2.Officer:
        self._answer(context, found=request.name in self.officers)
        return self.officers[request.name]

    def _list_officers(
        self, request: officer_pb2.ListOfficersRequest, context: Context
    ) -> officer_pb2.ListOfficersResponse:
        self._answer(context)
        everybody = [officer for _, officer in sorted(self.officers.items())]
        found = [officer for officer in everybody if any(post.unit == request.unit for post in officer.posts)]
        # One officer a page, so that the caller must follow the pages.
        start = int(request.page_token or 0)
        token = str(start + 1) if start + 1 < len(found) else ""
        return officer_pb2.ListOfficersResponse(officers=found[start : start + 1], next_page_token=token)

    def _get_unit(self, request: unit_pb2.GetUnitRequest, context: Context) -> unit_pb2.Unit:
        self._answer(context, found=request.name in UNITS)
        name, kind = UNITS[request.name]
        return unit_pb2.Unit(name=request.name, display_name=name, type=kind)

    def _answer(self, context: Context, *, found: bool = True) -> None:
        if self.down:
            context.set_trailing_metadata((("grpc-retry-pushback-ms", "-1"),))  # do not try again: keeps tests quick
            context.abort(grpc.StatusCode.UNAVAILABLE, "told to be down")
        if not found:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such resource")


@pytest.fixture
def identity() -> Iterator[Identity]:
    identity = Identity()
    yield identity
    identity.stop()


class ChannelsTo:
    """Channels to the identity of a test, without a token endpoint."""

    def __init__(self, address: str) -> None:
        self._client = connect(address, StaticToken("of-this-test"))

    def to(self, service: str) -> grpc.Channel:
        assert service == "identity"
        return self._client.channel

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def notify(serve: Callable[..., RunningService], identity: Identity, sinks: Sinks) -> RunningService:
    running = serve(SERVICE, smtp_port=sinks.smtp_port, sms_url=sinks.sms_url, provider_timeout=2)
    running.runtime.__dict__["channels"] = ChannelsTo(identity.address)
    return running
