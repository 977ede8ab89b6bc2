"""What the tests of the dossier service share."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pikepdf
import pytest
import urllib3
from google.protobuf.message import Message

from motcua.common.v1.common_pb2 import LegalReference
from motcua.dossier.v1 import dossier_pb2 as pb
from motcua.dossier.v1.consultation_pb2_grpc import ConsultationServiceStub
from motcua.dossier.v1.document_pb2_grpc import DocumentServiceStub
from motcua.dossier.v1.dossier_pb2_grpc import DossierServiceStub
from motcua.identity.v1 import account_pb2, officer_pb2, unit_pb2
from motcua.land.v1 import certificates_pb2, parcels_pb2
from motcua_client import connect
from motcua_dossier.adapters.city import load_overrides as load_override_file
from motcua_dossier.bootstrap import SERVICE
from motcua_dossier.domain.calendar import CityCalendar, Override
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.parts import HeldPaper, Inspection, NewUpload, Result
from motcua_dossier.domain.procedure import Procedure
from motcua_kit.access import Caller
from motcua_kit.data import load
from motcua_kit.testing import RunningService, SettableClock, citizen, officer, service_caller

CITY = Path(__file__).resolve().parents[3] / "city"

HOUSE: dict[str, Any] = {
    "applicant": {
        "full_name": "NGUYỄN THỊ AN",
        "citizen_id": "079190012345",
        "address": "12/3 Nguyễn Trãi, Phường Sài Gòn, Thành phố Hồ Chí Minh",
        "phone": "+84901234567",
        "email": "an@example.vn",
    },
    "request": {"kind": "NEW"},
    "land": {"parcel": "parcels/w3gvk1d8zzzz", "certificate_serial": "AA 00123456"},
    "works": {
        "work_name": "Nhà ở riêng lẻ",
        "site_address": "12/3 Nguyễn Trãi, Phường Sài Gòn",
        "lot_area_m2": 100.5,
        "built_area_m2": 80,
        "total_floor_area_m2": 240,
        "storeys": 3,
        "basements": 0,
        "has_mezzanine": False,
        "has_attic": False,
        "has_technical_storey": False,
        "has_stair_housing": True,
        "height_m": 13.5,
        "front_setback_m": 0,
        "design_unit": "Công ty TNHH Thiết kế Bến Nghé",
    },
    "neighbours": {"party_wall": False},
}

DRAWINGS = ("site_plan", "architecture_drawings", "foundation_drawings")
CERTIFICATE = HeldPaper("land_paper", "certificates/aa00123456")


@pytest.fixture(scope="session")
def city() -> Path:
    return CITY


@pytest.fixture(scope="session")
def procedures() -> dict[str, Procedure]:
    return {procedure.code: procedure for procedure in load(CITY / "procedures", Procedure)}


@pytest.fixture
def house(procedures: dict[str, Procedure]) -> Procedure:
    return procedures["1.013225"]


@pytest.fixture
def calendar() -> CityCalendar:
    return CityCalendar(id="hcmc", overrides=load_overrides())


def load_overrides() -> list[Override]:
    return load_override_file(CITY / "calendar" / "overrides.yaml")


@pytest.fixture
def house_form() -> dict[str, Any]:
    return HOUSE


@pytest.fixture
def now() -> datetime:
    """Monday 23 November 2026, 9:00 in the City; the day after is a holiday."""
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def draft(house: Procedure, now: datetime) -> Callable[[], Dossier]:
    """A complete draft: form filled in, land paper reused, drawings checked."""

    def make() -> Dossier:
        return complete_draft(house, now)

    return make


def complete_draft(procedure: Procedure, now: datetime) -> Dossier:
    dossier = Dossier(
        id="d" * 32,
        procedure=procedure.name,
        procedure_title=procedure.title.vi,
        unit="units/26740",
        unit_title="Phường Sài Gòn",
        agency_code="H29.26740",
        applicant="accounts/" + "a" * 32,
        applicant_name="NGUYỄN THỊ AN",
        queue_time=now,
        form=HOUSE,
    )
    dossier.draft(procedure, [CERTIFICATE])
    for number, component in enumerate(DRAWINGS):
        upload(dossier, procedure, f"{number}" * 32, component, now)
    return dossier


def upload(dossier: Dossier, procedure: Procedure, upload_id: str, component: str, now: datetime) -> None:
    dossier.prepare_upload(
        procedure, NewUpload(upload_id, component, f"{component}.pdf", "application/pdf", 1000, "0" * 64), now
    )
    dossier.finalize_upload(upload_id)
    dossier.settle_upload(upload_id, Inspection(None), now)


def attach_result(dossier: Dossier, now: datetime) -> None:
    upload_id = "e" * 32
    dossier.prepare_result(NewUpload(upload_id, "result", "permit.pdf", "application/pdf", 1000, "0" * 64), now)
    dossier.settle_upload(upload_id, Inspection(None), now)
    dossier.attach_result(
        upload_id, Result("building_permit", "Giấy phép xây dựng", "01/GPXD", "documents/" + "f" * 32)
    )


@pytest.fixture
def provide() -> Callable[..., None]:
    """Upload a file of a component and let its check succeed."""
    return upload


@pytest.fixture
def attach() -> Callable[[Dossier, datetime], None]:
    """Attach a checked result."""
    return attach_result


# ── the service, with stand-ins for the services that it calls ─────────────────────────────────────────────────────

WARD = "units/26740"
OTHER_WARD = "units/26743"
AN = "accounts/" + "a" * 32
BINH = "accounts/" + "b" * 32
RECEIVER = "officers/" + "1" * 32
HANDLER = "officers/" + "2" * 32
PARCEL = "parcels/w3gvk1d8zzzz"
OTHER_PARCEL = "parcels/w3gvk1d8zzzy"

Context = grpc.ServicerContext


class Peers:
    """Identity and land over gRPC, with a few people and parcels; notes what is asked and why."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.assurance = account_pb2.ASSURANCE_LEVEL_TWO
        self.holdings = [_holding(PARCEL, "AA 00123456")]
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4))
        methods: dict[str, tuple[Any, Callable[[Any, Context], Message]]] = {
            "motcua.identity.v1.AccountService/GetAccount": (account_pb2.GetAccountRequest, self._account),
            "motcua.identity.v1.OfficerService/GetOfficer": (officer_pb2.GetOfficerRequest, self._officer),
            "motcua.identity.v1.UnitService/GetUnit": (unit_pb2.GetUnitRequest, self._unit),
            "motcua.land.v1.CertificateService/ListHoldings": (
                certificates_pb2.ListHoldingsRequest,
                self._list_holdings,
            ),
        }
        for method, (request, answer) in methods.items():
            service, _, name = method.partition("/")
            handler: Any = grpc.unary_unary_rpc_method_handler(
                answer, request_deserializer=request.FromString, response_serializer=serialized
            )
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {name: handler}),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._client = connect(self.address)
        self._server.start()

    def to(self, _service: str) -> grpc.Channel:
        """Stand in for the channels of a service: one server plays both parts."""
        return self._client.channel

    def stop(self) -> None:
        """Answer nothing any more."""
        self._server.stop(0).wait()

    def close(self) -> None:
        self._client.close()
        self.stop()

    def _account(self, request: account_pb2.GetAccountRequest, context: Context) -> account_pb2.Account:
        self.asked.append(("GetAccount", request.purpose))
        if request.name not in (AN, BINH):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such account")
        applicant = HOUSE["applicant"]
        return account_pb2.Account(
            name=request.name,
            citizen_id=applicant["citizen_id"],
            full_name=applicant["full_name"],
            address=applicant["address"],
            phone=applicant["phone"],
            email=applicant["email"],
            assurance_level=self.assurance,
        )

    @staticmethod
    def _officer(request: officer_pb2.GetOfficerRequest, _context: Context) -> officer_pb2.Officer:
        return officer_pb2.Officer(name=request.name, full_name="Trần Văn Bình", title="Chuyên viên")

    @staticmethod
    def _unit(request: unit_pb2.GetUnitRequest, context: Context) -> unit_pb2.Unit:
        names = {WARD: "Phường Sài Gòn", OTHER_WARD: "Phường Bến Thành", "units/so-xay-dung": "Sở Xây dựng"}
        if request.name not in names:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such unit")
        code = request.name.removeprefix("units/")
        ward = code.isdigit()
        return unit_pb2.Unit(
            name=request.name,
            code=code,
            display_name=names[request.name],
            type=unit_pb2.UNIT_TYPE_WARD if ward else unit_pb2.UNIT_TYPE_AGENCY,
            agency_code=f"H29.{code}" if ward else "H29.08",
        )

    def _list_holdings(
        self, request: certificates_pb2.ListHoldingsRequest, _context: Context
    ) -> certificates_pb2.ListHoldingsResponse:
        self.asked.append(("ListHoldings", request.purpose))
        # One a page, so that the caller must follow the pages.
        start = int(request.page_token or 0)
        token = str(start + 1) if start + 1 < len(self.holdings) else ""
        return certificates_pb2.ListHoldingsResponse(holdings=self.holdings[start : start + 1], next_page_token=token)


def serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _holding(parcel: str, serial: str, unit: str = WARD) -> certificates_pb2.Holding:
    certificate = f"certificates/{serial.replace(' ', '').lower()}" if serial else ""
    return certificates_pb2.Holding(
        parcel=parcels_pb2.Parcel(name=parcel, unit=unit, area=parcels_pb2.ParcelArea(legal_m2=100.5)),
        right=parcels_pb2.Right(certificate=certificate),
        certificate_serial=serial,
    )


class Office:
    """The running service and the people around it."""

    def __init__(self, running: RunningService, peers: Peers, clock: SettableClock) -> None:
        self.running, self.peers, self.clock = running, peers, clock
        self.citizen = self.as_(citizen(AN))
        self.receiver = self.as_(officer("reception_officer", WARD, RECEIVER))
        self.handler = self.as_(officer("handler", WARD, HANDLER))
        self.permits = self.as_(service_caller("permits"))
        self.documents = running.call(DocumentServiceStub, citizen(AN))
        self.consultations = running.call(ConsultationServiceStub, service_caller("permits"))
        self.consultee = running.call(
            ConsultationServiceStub, officer("consultee", "units/so-xay-dung", "officers/" + "3" * 32)
        )

    def as_(self, caller: Caller) -> DossierServiceStub:
        return self.running.call(DossierServiceStub, caller)

    def draft(self, **fields: Any) -> pb.Dossier:
        values = {"procedure": "procedures/1.013225", "unit": WARD, "form": form_without_applicant(), **fields}
        return self.citizen.CreateDossier(pb.CreateDossierRequest(dossier=pb.Dossier(**values)))

    def prepare(self, name: str, component: str, content: bytes, **fields: Any) -> pb.CreateUploadResponse:
        values: dict[str, Any] = {
            "parent": name,
            "component": component,
            "filename": f"{component}.pdf",
            "content_type": "application/pdf",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            **fields,
        }
        return self.citizen.CreateUpload(pb.CreateUploadRequest(**values))

    def send(self, prepared: pb.CreateUploadResponse, content: bytes) -> int:
        """Post the bytes as a browser does; return the store's status."""
        return self.post(prepared.uri, dict(prepared.fields), content)

    @staticmethod
    def post(uri: str, fields: dict[str, Any], content: bytes) -> int:
        """Post a form with a file; a store that has just started takes its time for the first one."""
        form = {**fields, "file": ("file", content, "application/octet-stream")}
        return urllib3.request("POST", uri, fields=form, timeout=30).status

    def provide(self, name: str, component: str, content: bytes = b"", **fields: Any) -> pb.Upload:
        """Upload a file and have it checked; return it as it then is."""
        content = content or small_pdf()
        prepared = self.prepare(name, component, content, **fields)
        assert self.send(prepared, content) == 204
        self.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=prepared.upload.name))
        self.running.work()
        return next(upload for upload in self.get(name).uploads if upload.name == prepared.upload.name)

    def get(self, name: str) -> pb.Dossier:
        return self.citizen.GetDossier(pb.GetDossierRequest(name=name))

    def complete_draft(self, **fields: Any) -> pb.Dossier:
        draft = self.draft(**fields)
        for component in DRAWINGS:
            self.provide(draft.name, component)
        return self.get(draft.name)

    def submitted(self, **fields: Any) -> pb.Dossier:
        return self.citizen.SubmitDossier(pb.SubmitDossierRequest(name=self.complete_draft(**fields).name))

    def accepted(self, **fields: Any) -> pb.Dossier:
        return self.receiver.AcceptDossier(pb.AcceptDossierRequest(name=self.submitted(**fields).name))

    def processing(self, **fields: Any) -> pb.Dossier:
        return self.permits.StartProcessing(pb.StartProcessingRequest(name=self.accepted(**fields).name))

    def ask(self, name: str, component: str = "site_plan") -> pb.Dossier:
        item = pb.SupplementItem(component=component, reason="Bản vẽ thiếu kích thước", legal_reference=LAW)
        return self.permits.RequestSupplement(pb.RequestSupplementRequest(name=name, items=[item]))

    def attach(self, name: str, content: bytes = b"") -> pb.Dossier:
        """Attach a result as permits does."""
        content = content or small_pdf()
        prepared = self.permits.CreateResultUpload(
            pb.CreateResultUploadRequest(
                parent=name,
                filename="GPXD.pdf",
                content_type="application/pdf",
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
        )
        assert self.send(prepared, content) == 204
        return self.permits.AttachResult(
            pb.AttachResultRequest(
                name=name,
                upload=prepared.upload.name,
                title="Giấy phép xây dựng",
                kind="building_permit",
                number="01/GPXD",
            )
        )

    def completed(self, **fields: Any) -> pb.Dossier:
        dossier = self.processing(**fields)
        self.attach(dossier.name)
        return self.permits.CompleteDossier(pb.CompleteDossierRequest(name=dossier.name))


LAW = LegalReference(source="NĐ 217/2026/NĐ-CP", article="Điều 54", confidence="sure")


def form_without_applicant() -> dict[str, Any]:
    """The form as a person fills it in: what the City knows is prefilled."""
    return {key: value for key, value in HOUSE.items() if key != "applicant"}


def small_pdf() -> bytes:
    """A readable PDF of one page."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out)
    return out.getvalue()


@pytest.fixture
def office(serve: Callable[..., RunningService], clock: SettableClock) -> Iterator[Office]:
    peers = Peers()
    running = serve(SERVICE, malware_scanner="local")
    running.runtime.__dict__["channels"] = peers
    yield Office(running, peers, clock)
    peers.close()


@pytest.fixture(scope="session")
def pdf() -> bytes:
    return small_pdf()


@pytest.fixture(scope="session")
def people() -> SimpleNamespace:
    """Resource names that the tests use."""
    return SimpleNamespace(
        an=AN,
        binh=BINH,
        receiver=RECEIVER,
        handler=HANDLER,
        ward=WARD,
        other_ward=OTHER_WARD,
        parcel=PARCEL,
        other_parcel=OTHER_PARCEL,
        law=LAW,
        holding=_holding,
    )
