"""Samples and the services around permits, as real gRPC servers that keep what they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
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
from motcua.permits.v1 import application_pb2, permit_pb2
from motcua.permits.v1.application_pb2_grpc import PermitApplicationServiceStub
from motcua.permits.v1.permit_pb2_grpc import PermitServiceStub
from motcua_client import connect
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.access import Caller, Post
from motcua_kit.objects import ObjectStore
from motcua_kit.testing import RunningService
from motcua_permits.bootstrap import SERVICE
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.bylaws import Finding, FindingOutcome
from motcua_permits.domain.facts import HouseProposal, SiteFacts
from motcua_permits.domain.review import Condition
from motcua_permits.domain.values import LegalReference, LocalizedText, PermitKind

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RECEIVER, HANDLER, LEADER = (f"officers/{digit * 32}" for digit in "123")
WARD = "units/26740"
PARCEL = "parcels/w3gvk1m2n3p4"
ACCOUNT = f"accounts/{'c' * 32}"
PUBLIC_STORE = "https://documents.motcua.test"
"""Where clients outside reach the object store; from here nobody is there."""

PROPOSAL = HouseProposal(
    work_name="Nhà ở riêng lẻ",
    site_address="12/3 đường Nguyễn Trãi",
    lot_area_m2=80.0,
    built_area_m2=64.0,
    total_floor_area_m2=230.0,
    storeys=4,
    height_m=16.5,
    front_setback_m=0.0,
    rear_setback_m=1.5,
    design_unit="Công ty Thiết kế Bình An",
    drawings=("Mặt bằng vị trí", "Mặt bằng các tầng", "Mặt đứng", "Mặt cắt"),
)
SITE = SiteFacts(
    read_time=NOW,
    lot_area_m2=80.0,
    land_uses=("ODT",),
    zone="HH-01",
    existing_urban_area=True,
    central_area=False,
    permit_area=True,
    commercial_axis=False,
    road_width_m=12.0,
    road_name="Nguyễn Trãi",
    lot_depth_m=15.0,
    lot_frontage_m=5.3,
    restricted=False,
    source="Đồ án quy hoạch phân khu",
    map_sheet="12",
    parcel_number="345",
)
CONDITIONS = tuple(
    Condition(code, LocalizedText(f"Điều kiện {code}"), LegalReference("NĐ 217/2026/NĐ-CP", "Điều 50–52", "sure"))
    for code in ("land_purpose", "planning")
)
WORKS: dict[str, Any] = {
    "work_name": PROPOSAL.work_name,
    "site_address": PROPOSAL.site_address,
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
    "design_unit": PROPOSAL.design_unit,
    "drawings": list(PROPOSAL.drawings),
}


def finding(outcome: FindingOutcome = FindingOutcome.INFO) -> Finding:
    return Finding(
        rule_id="qcvn01-2021.house-density",
        title=LocalizedText("Mật độ xây dựng"),
        law=LegalReference("QCVN 01:2021/BXD", "Bảng 2.8", "sure"),
        outcome=outcome,
        inputs=(),
        message=LocalizedText("Mật độ xây dựng: 95 % vượt mức tối đa 80 %"),
        valid_from=date(2021, 7, 5),
    )


@dataclass(frozen=True)
class Samples:
    """Values that tests share; test modules cannot import each other."""

    proposal: HouseProposal = PROPOSAL
    site: SiteFacts = SITE
    finding: Callable[..., Finding] = finding


@pytest.fixture(scope="session")
def samples() -> Samples:
    return Samples()


@pytest.fixture
def proposal() -> HouseProposal:
    return PROPOSAL


@pytest.fixture
def site() -> SiteFacts:
    return SITE


@pytest.fixture
def make_application() -> Callable[..., PermitApplication]:
    """Make an application that a handler may work on; fields by keyword."""

    def make(*, checked: bool = True, findings: tuple[Finding, ...] = (), **fields: Any) -> PermitApplication:
        values: dict[str, Any] = {
            "id": "a" * 32,
            "dossier": f"dossiers/{'d' * 32}",
            "dossier_code": "H29.26740-261123-0001",
            "procedure": "procedures/1.013225",
            "procedure_version": "2026-07-01",
            "kind": PermitKind.NEW,
            "unit": WARD,
            "applicant": ACCOUNT,
            "receiver": RECEIVER,
            "parcel": PARCEL,
            "due_time": NOW + timedelta(days=9),
            "rules_date": date(2026, 11, 23),
            "rule_set": "sha256:0",
            "proposal": PROPOSAL,
            "checklist": CONDITIONS,
        }
        application = PermitApplication(**{**values, **fields})
        if checked:
            application.take_checks(findings or (finding(),), SITE, "III", now=NOW)
        return application

    return make


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


class Desk:
    """The permits service and the people who work with it."""

    def __init__(self, running: RunningService, around: Around) -> None:
        self.running = running
        self.around = around

    def officer(self, name: str, *roles: str, unit: str = WARD) -> PermitApplicationServiceStub:
        caller = Caller(name=name, kind="officer", posts=tuple(Post(unit, role) for role in roles))
        return self.running.call(PermitApplicationServiceStub, caller)

    @property
    def handler(self) -> PermitApplicationServiceStub:
        return self.officer(HANDLER, "handler")

    @property
    def leader(self) -> PermitApplicationServiceStub:
        return self.officer(LEADER, "leader")

    @property
    def anyone(self) -> PermitServiceStub:
        return self.running.call(PermitServiceStub)

    def accepted(self, digit: str = "d", **changes: Any) -> dict[str, Any]:
        """Return the event of an accepted dossier."""
        dossier = f"dossiers/{digit * 32}"
        return {
            "id": f"{dossier}@3.0",
            "type": "dossier.accepted",
            "subject": dossier,
            "time": NOW,
            "data": {
                "dossier": dossier,
                "code": "H29.26740-261123-0001",
                "procedure": "procedures/1.013225",
                "procedure_version": "2026-07-01",
                "unit": WARD,
                "applicant": ACCOUNT,
                "receiver": RECEIVER,
                "accept_time": "2026-11-23T02:00:00Z",
                "due_time": "2026-12-02T10:00:00Z",
                "parcel": PARCEL,
                "form": {"works": WORKS, "land": {"parcel": PARCEL}},
                **changes,
            },
        }

    def open(self, digit: str = "d", **changes: Any) -> str:
        """Have a dossier accepted and all that follows done; return the application's name."""
        self.running.receive("permits.open_application", self.accepted(digit, **changes))
        self.running.work()
        return f"permitApplications/{digit * 32}"

    def get(self, name: str) -> application_pb2.PermitApplication:
        return self.handler.GetPermitApplication(application_pb2.GetPermitApplicationRequest(name=name))

    def review(self, name: str, outcome: Any = application_pb2.Condition.OUTCOME_MET) -> None:
        reviews = [
            application_pb2.ConditionReview(code=condition.code, outcome=outcome, note="đã đối chiếu")
            for condition in self.get(name).checklist
        ]
        self.handler.ReviewChecklist(application_pb2.ReviewChecklistRequest(name=name, reviews=reviews))

    def propose(self, name: str, **fields: Any) -> application_pb2.PermitApplication:
        values = {"outcome": application_pb2.Decision.OUTCOME_GRANT, **fields}
        return self.handler.ProposeDecision(application_pb2.ProposeDecisionRequest(name=name, **values))

    def approve(self, name: str) -> application_pb2.PermitApplication:
        return self.leader.ApproveApplication(application_pb2.ApproveApplicationRequest(name=name))

    def grant(self, name: str) -> None:
        """Review, propose and approve."""
        self.review(name)
        self.propose(name)
        self.approve(name)

    def permit(self, name: str) -> permit_pb2.Permit:
        caller = Caller(name=LEADER, kind="officer", posts=(Post(WARD, "leader"),))
        return self.running.call(PermitServiceStub, caller).GetPermit(permit_pb2.GetPermitRequest(name=name))

    def numbers(self) -> list[int]:
        """Return the sequence numbers given so far, in order."""
        return sorted(one["sequence"] for one in self.running.runtime.store.collection("permits").find())

    def stored_versions(self) -> int:
        """Return how many versions of the permits' documents the archive holds."""
        objects = self.running.runtime.objects
        return sum(
            len(list(objects._client.list_objects(objects.bucket, prefix=one["document_key"], include_version=True)))
            for one in self.running.runtime.store.collection("permits").find()
        )


@pytest.fixture
def desk(serve: Callable[..., RunningService], around: Around) -> Desk:
    running = serve(SERVICE, public_url="https://motcua.test", object_store_public_url=PUBLIC_STORE)
    running.runtime.__dict__["channels"] = around.channels
    return Desk(running, around)


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
    )
