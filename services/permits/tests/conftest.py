"""The services around permits, as real gRPC servers that keep what they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from motcua.dossier.v1 import consultation_pb2, consultation_pb2_grpc, dossier_pb2, dossier_pb2_grpc
from motcua.identity.v1 import (
    account_pb2,
    account_pb2_grpc,
    officer_pb2,
    officer_pb2_grpc,
    unit_pb2,
    unit_pb2_grpc,
)
from motcua.land.v1 import parcels_pb2, parcels_pb2_grpc
from motcua_client import connect
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.objects import ObjectStore

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RECEIVER, HANDLER, LEADER = (f"officers/{digit * 32}" for digit in "123")
WARD = "units/26740"
PARCEL = "parcels/w3gvk1m2n3p4"
ACCOUNT = f"accounts/{'c' * 32}"
PUBLIC_STORE = "https://documents.motcua.test"
"""Where clients outside reach the object store; from here nobody is there."""

WORKS: dict[str, Any] = {
    "work_name": "Nhà ở riêng lẻ",
    "site_address": "12/3 đường Nguyễn Trãi",
    "lot_area_m2": 80,
    "built_area_m2": 64,
    "total_floor_area_m2": 230,
    "storeys": 4,
    "basements": 0,
    "has_mezzanine": False,
    "has_attic": False,
    "has_technical_storey": False,
    "has_stair_housing": True,
    "height_m": 16.5,
    "front_setback_m": 0,
    "rear_setback_m": 1.5,
    "design_unit": "Công ty Thiết kế Bình An",
    "drawings": ["Mặt bằng vị trí", "Mặt bằng các tầng", "Mặt đứng", "Mặt cắt"],
}


def stamp(time: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(time.replace(tzinfo=None))
    return message


class Land(parcels_pb2_grpc.ParcelServiceServicer):
    """The land register with one parcel."""

    def __init__(self) -> None:
        self.parcel = parcels_pb2.Parcel(
            name=PARCEL,
            cadastral_key=parcels_pb2.CadastralKey(map_sheet=12, parcel_number=345),
            area=parcels_pb2.ParcelArea(legal_m2=80, measured_m2=80.2),
            land_uses=[parcels_pb2.LandUse(code="ODT", area_m2=80)],
        )
        self.planning = parcels_pb2.ParcelPlanning(
            parcel=PARCEL,
            zone=parcels_pb2.PlanningZone(
                code="SG-HH",
                existing_urban=True,
                permit_area=True,
                source=parcels_pb2.PlanningSource(document="Đồ án quy hoạch phân khu", article="ô phố 1"),
            ),
            has_road=True,
            road_name="Nguyễn Trãi",
            road_width_m=12,
            frontage_m=5.3,
            depth_m=15,
        )

    def GetParcel(self, request: Any, context: grpc.ServicerContext) -> parcels_pb2.Parcel:  # noqa: N802
        if request.name != PARCEL:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such parcel")
        return self.parcel

    def GetParcelPlanning(self, _request: Any, _context: grpc.ServicerContext) -> parcels_pb2.ParcelPlanning:  # noqa: N802
        return self.planning


@dataclass
class Outage:
    """Makes the next calls of an RPC fail as an outage does."""

    left: dict[str, int] = field(default_factory=dict)

    def check(self, rpc: str, context: grpc.ServicerContext) -> None:
        if self.left.get(rpc, 0) > 0:
            self.left[rpc] -= 1
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "not now")


class Identity(
    account_pb2_grpc.AccountServiceServicer,
    officer_pb2_grpc.OfficerServiceServicer,
    unit_pb2_grpc.UnitServiceServicer,
):
    """The identity service with one person, one leader, one ward."""

    def __init__(self, outage: Outage) -> None:
        self.outage = outage
        self.purposes: list[str] = []

    def GetAccount(self, request: Any, context: grpc.ServicerContext) -> account_pb2.Account:  # noqa: N802
        self.outage.check("GetAccount", context)
        self.purposes.append(request.purpose)
        return account_pb2.Account(
            name=request.name, full_name="Nguyễn Thị Bích Ngọc", address="5 đường Lê Lợi, Phường Bến Thành"
        )

    def GetOfficer(self, request: Any, _context: grpc.ServicerContext) -> officer_pb2.Officer:  # noqa: N802
        return officer_pb2.Officer(name=request.name, full_name="Trần Quốc Khánh", title="Phó Chủ tịch")

    def GetUnit(self, request: Any, context: grpc.ServicerContext) -> unit_pb2.Unit:  # noqa: N802
        self.outage.check("GetUnit", context)
        return unit_pb2.Unit(name=request.name, display_name="Phường Sài Gòn", valid_from_date=Date(year=2025))


class Dossiers(dossier_pb2_grpc.DossierServiceServicer, consultation_pb2_grpc.ConsultationServiceServicer):
    """The dossier service with one dossier; a repeated request id changes nothing, as in the real one."""

    def __init__(self, objects: ObjectStore, outage: Outage) -> None:
        self.objects = objects
        self.outage = outage
        self.dossier = dossier_pb2.Dossier(
            state=dossier_pb2.Dossier.STATE_ACCEPTED,
            accept_time=stamp(NOW),
            due_time=stamp(NOW + timedelta(days=9)),
            components=[
                dossier_pb2.Component(code="land_paper", state=dossier_pb2.Component.STATE_REUSED),
                dossier_pb2.Component(code="foundation_drawings", state=dossier_pb2.Component.STATE_PROVIDED),
            ],
        )
        self.consultations: dict[str, consultation_pb2.Consultation] = {}
        self.done: dict[str, Any] = {}
        self.calls: list[Any] = []
        self.results: list[bytes] = []
        self.refuse = ""

    def once(self, request: Any, context: grpc.ServicerContext, reply: Callable[[], Any]) -> Any:
        rpc = type(request).__name__.removesuffix("Request")
        self.outage.check(rpc, context)
        if self.refuse == rpc:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the City holds this component")
        if request.request_id not in self.done:
            self.calls.append(request)
            self.done[request.request_id] = reply()
        self.outage.check(f"after {rpc}", context)
        return self.done[request.request_id]

    def moved(self, state: dossier_pb2.Dossier.State.ValueType) -> Callable[[], dossier_pb2.Dossier]:
        def move() -> dossier_pb2.Dossier:
            self.dossier.state = state
            return self.dossier

        return move

    def GetDossier(self, _request: Any, _context: grpc.ServicerContext) -> dossier_pb2.Dossier:  # noqa: N802
        return self.dossier

    def StartProcessing(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self.once(request, context, self.moved(dossier_pb2.Dossier.STATE_PROCESSING))

    def RequestSupplement(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self.once(request, context, self.moved(dossier_pb2.Dossier.STATE_SUPPLEMENT_REQUESTED))

    def StopDossier(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self.once(request, context, self.moved(dossier_pb2.Dossier.STATE_STOPPED))

    def CompleteDossier(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self.once(request, context, self.moved(dossier_pb2.Dossier.STATE_COMPLETED))

    def CreateResultUpload(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        def prepare() -> dossier_pb2.CreateUploadResponse:
            name = f"{request.parent}/uploads/{len(self.calls):032x}"
            form = self.objects.presign_post(name, request.size, request.content_type, timedelta(minutes=5))
            return dossier_pb2.CreateUploadResponse(
                upload=dossier_pb2.Upload(name=name),
                uri=form.url,
                fields=dict(form.fields),
                expire_time=stamp(form.expire_time),
            )

        return self.once(request, context, prepare)

    def AttachResult(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        def attach() -> dossier_pb2.Dossier:
            self.results.append(self.objects.get(request.upload))
            self.dossier.results.add(kind=request.kind, title=request.title, number=request.number)
            return self.dossier

        return self.once(request, context, attach)

    def CreateConsultation(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        def create() -> consultation_pb2.Consultation:
            made = consultation_pb2.Consultation()
            made.CopyFrom(request.consultation)
            made.name = f"consultations/{len(self.calls):032x}"
            made.state = consultation_pb2.Consultation.STATE_REQUESTED
            made.deadline.CopyFrom(stamp(NOW + timedelta(days=2)))
            self.consultations[made.name] = made
            return made

        return self.once(request, context, create)

    def GetConsultation(self, request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self.consultations[request.name]


class Channels:
    """Channels to the services around, as the kit's, without credentials."""

    def __init__(self, address: str) -> None:
        self.client = connect(address)

    def to(self, _service: str) -> grpc.Channel:
        return self.client.channel

    def close(self) -> None:
        self.client.close()


@dataclass
class Around:
    """The services around permits."""

    land: Land
    identity: Identity
    dossiers: Dossiers
    outage: Outage
    channels: Channels


@pytest.fixture
def around(servers: EmbeddedServers, object_store: ObjectStore) -> Iterator[Around]:
    access = servers.object_store
    keys = (access.access_key, access.secret_key)
    public = ObjectStore(access.url, *keys, object_store.bucket, public_url=PUBLIC_STORE)
    outage = Outage()
    # Only the calls that permits makes are there; gRPC answers the others UNIMPLEMENTED.
    land = Land()  # type: ignore[abstract]
    identity = Identity(outage)  # type: ignore[abstract]
    dossiers = Dossiers(public, outage)  # type: ignore[abstract]
    server = grpc.server(ThreadPoolExecutor(8))
    parcels_pb2_grpc.add_ParcelServiceServicer_to_server(land, server)
    account_pb2_grpc.add_AccountServiceServicer_to_server(identity, server)
    officer_pb2_grpc.add_OfficerServiceServicer_to_server(identity, server)
    unit_pb2_grpc.add_UnitServiceServicer_to_server(identity, server)
    dossier_pb2_grpc.add_DossierServiceServicer_to_server(dossiers, server)
    consultation_pb2_grpc.add_ConsultationServiceServicer_to_server(dossiers, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channels = Channels(f"127.0.0.1:{port}")
    yield Around(land, identity, dossiers, outage, channels)
    channels.close()
    server.stop(None).wait()


@pytest.fixture(scope="session")
def names() -> SimpleNamespace:
    """Resource names that the samples use."""
    return SimpleNamespace(
        receiver=RECEIVER,
        handler=HANDLER,
        leader=LEADER,
        ward=WARD,
        parcel=PARCEL,
        account=ACCOUNT,
        now=NOW,
        works=WORKS,
        public_store=PUBLIC_STORE,
    )
