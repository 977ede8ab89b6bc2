"""A land service with a part of the made-up register, and an identity that knows some of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from motcua.identity.v1.account_pb2 import Account, GetAccountRequest, LookupAccountRequest, UpdateAccountRequest
from motcua.identity.v1.account_pb2_grpc import AccountServiceServicer, add_AccountServiceServicer_to_server
from motcua_client import Client, connect
from motcua_kit.command import Command
from motcua_kit.store import PageSigner, Store
from motcua_kit.testing import RunningService
from motcua_land.adapters.register_files import Register, read_register
from motcua_land.adapters.register_store import MongoCertificates, MongoParcels
from motcua_land.application.loading import RegisterLoader
from motcua_land.bootstrap import SERVICE

CITY = Path(__file__).resolve().parents[3] / "city" / "parcels"
KHAI, BINH = "079185001234", "079090004321"
ACCOUNTS = {KHAI: f"accounts/{'a' * 32}", BINH: f"accounts/{'b' * 32}"}


@pytest.fixture(scope="session")
def register() -> Register:
    """The register of the demo wards."""
    return read_register(CITY)


@pytest.fixture(scope="session")
def excerpt(register: Register) -> Register:
    """The parcels of the two known people, one without a road, some more of each ward, and their certificates."""
    known = [parcel for parcel in register.parcels if {KHAI, BINH} & set(parcel.users)]
    wards = {parcel.unit: [p for p in register.parcels if p.unit == parcel.unit] for parcel in register.parcels}
    behind = next(parcel for parcel in register.parcels if not parcel.road)
    picked = {parcel.id: parcel for parcel in [*known, behind, *(p for there in wards.values() for p in there[:4])]}
    stated = {name for parcel in picked.values() for name in parcel.certificates}
    certificates = [certificate for certificate in register.certificates if certificate.name in stated]
    return Register(list(picked.values()), certificates, register.roads)


class Identity(AccountServiceServicer):
    """Answers as identity does: with an account, or that there is none."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = True

    def LookupAccount(self, request: LookupAccountRequest, context: grpc.ServicerContext) -> Account:  # noqa: N802
        self.asked.append(request.citizen_id)
        if not self.answers:
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "too busy")
        if request.citizen_id not in ACCOUNTS:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such account")
        return Account(name=ACCOUNTS[request.citizen_id])

    def GetAccount(self, request: GetAccountRequest, context: grpc.ServicerContext) -> Account:  # noqa: N802
        raise NotImplementedError

    def UpdateAccount(self, request: UpdateAccountRequest, context: grpc.ServicerContext) -> Account:  # noqa: N802
        raise NotImplementedError


class ChannelsToTest:
    """Leads every call to the identity of the test."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def to(self, _service: str) -> grpc.Channel:
        return self._client.channel

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def identity() -> Identity:
    """The identity that the land service asks."""
    return Identity()


@pytest.fixture
def land(
    serve: Callable[..., RunningService], add: Callable[[Register], None], excerpt: Register, identity: Identity
) -> Iterator[RunningService]:
    """A land service that holds the excerpt."""
    server = grpc.server(ThreadPoolExecutor(2))
    add_AccountServiceServicer_to_server(identity, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    running = serve(SERVICE)
    channels: Any = ChannelsToTest(connect(f"127.0.0.1:{port}"))
    running.runtime.__dict__["channels"] = channels
    add(excerpt)
    yield running
    server.stop(None)


@pytest.fixture
def add(store: Store) -> Callable[[Register], None]:
    """Load a register without checking it."""
    loader = RegisterLoader(MongoParcels(store, PageSigner("")), MongoCertificates(store))
    command = Command(name="land.load", actor="services/land", time=datetime(2026, 11, 1, tzinfo=UTC))

    def load(register: Register) -> None:
        parcels = [replace(parcel) for parcel in register.parcels]  # saving gives a record its version
        certificates = [replace(certificate) for certificate in register.certificates]
        loader.load(parcels, certificates, command, lambda *_: None)

    return load
