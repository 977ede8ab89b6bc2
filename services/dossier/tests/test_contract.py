"""What must be total: permissions, texts, reasons, mapping, events."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import ServiceDescriptor

import motcua_dossier
from motcua.dossier.v1 import (
    calendar_pb2,
    consultation_pb2,
    document_pb2,
    dossier_pb2,
    errors_pb2,
    procedure_pb2,
)
from motcua_dossier.bootstrap import SERVICE
from motcua_dossier.domain import events
from motcua_dossier.domain.consultation import Consultation, ConsultationState, Outcome
from motcua_dossier.domain.documents import Document, DocumentKind
from motcua_dossier.domain.dossier import DeliveryMethod, Dossier
from motcua_dossier.domain.parts import (
    Charge,
    Component,
    ComponentState,
    Rejection,
    Result,
    Slip,
    Supplement,
    SupplementItem,
    Upload,
    UploadState,
)
from motcua_dossier.domain.procedure import Channel, Fee, Level, Procedure, ProcedureComponent, Step, TimeLimit
from motcua_dossier.domain.states import DeliveryState, FinanceState, State, SyncState
from motcua_kit.access import ANYONE
from motcua_kit.domain import Event
from motcua_kit.localisation import Catalogue
from motcua_kit.mapping import unmapped
from motcua_kit.topology import Topology

SOURCE = Path(motcua_dossier.__file__).parent
PROTOS = (calendar_pb2, consultation_pb2, document_pb2, dossier_pb2, procedure_pb2)
SERVICES: list[ServiceDescriptor] = [
    service for proto in PROTOS for service in proto.DESCRIPTOR.services_by_name.values()
]
RPCS = [f"{service.full_name}/{method.name}" for service in SERVICES for method in service.methods]
REASONS = {name.removeprefix("ERROR_REASON_") for name in errors_pb2.ErrorReason.DESCRIPTOR.values_by_name} - {
    "UNSPECIFIED"
}
KIT_REASONS = set(Catalogue.load().texts)

RAISED = re.compile(
    r"(?:NotFound|AlreadyExists|IllegalTransition|PreconditionFailed|StaleVersion|Conflict|ValidationFailed"
    r"|_bad_upload)\(\s*\"([A-Z][A-Z_]+)\""
)
"""A domain error made with a literal reason."""


def test_every_rpc_has_a_row_of_permissions_and_no_row_is_left_over() -> None:
    assert set(SERVICE.permissions().rows) == set(RPCS)


def test_roles_that_must_not_decide_do_not() -> None:
    """A receiver never ends a dossier by decision; an administrator and an auditor change nothing of a dossier."""
    rows = SERVICE.permissions().rows
    for rpc, roles in rows.items():
        if "DossierService" in rpc and not rpc.rpartition("/")[2].startswith(
            ("Get", "List", "Search", "CreateUploadDownload")
        ):
            assert not roles.keys() & {"system_admin", "auditor", ANYONE}, rpc
    for verb in ("StopDossier", "CompleteDossier", "AttachResult"):
        assert "reception_officer" not in rows[f"motcua.dossier.v1.DossierService/{verb}"]


def reasons_raised() -> set[str]:
    found = set()
    for file in SOURCE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        found |= set(RAISED.findall(text))
        found |= set(re.findall(r"Machine\(\s*\"[a-z -]+\",\s*\"([A-Z_]+)\"", text))
    return found


def test_every_reason_is_in_the_contract_and_every_one_there_is_given() -> None:
    raised = reasons_raised()
    assert raised - KIT_REASONS == REASONS


def test_every_reason_has_a_vietnamese_text() -> None:
    assert SERVICE.catalogue().missing(REASONS) == set()


@pytest.mark.parametrize(
    ("cls", "message", "exceptions"),
    [
        (Dossier, dossier_pb2.Dossier, ("name", "etag")),
        (Component, dossier_pb2.Component, ()),
        (Upload, dossier_pb2.Upload, ("name",)),
        (Supplement, dossier_pb2.Supplement, ()),
        (SupplementItem, dossier_pb2.SupplementItem, ()),
        (Charge, dossier_pb2.Charge, ()),
        (Slip, dossier_pb2.Slip, ()),
        (Result, dossier_pb2.Result, ()),
        (Document, document_pb2.Document, ("name",)),
        (Consultation, consultation_pb2.Consultation, ("name",)),
        (ProcedureComponent, procedure_pb2.ProcedureComponent, ()),
        (TimeLimit, procedure_pb2.TimeLimit, ()),
        (Fee, procedure_pb2.Fee, ()),
        (Step, procedure_pb2.Step, ()),
        (
            Procedure,
            procedure_pb2.Procedure,
            ("procedure_version", "form_schema", "supplement_answer_days", "consultation_days"),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_field_of_the_contract_is_filled(cls: type, message: Any, exceptions: tuple[str, ...]) -> None:
    assert unmapped(cls, message, *exceptions) == set()


@pytest.mark.parametrize(
    ("cls", "enum"),
    [
        (State, dossier_pb2.Dossier.State),
        (FinanceState, dossier_pb2.Dossier.FinanceState),
        (DeliveryState, dossier_pb2.Dossier.DeliveryState),
        (SyncState, dossier_pb2.Dossier.SyncState),
        (DeliveryMethod, dossier_pb2.Dossier.DeliveryMethod),
        (Channel, dossier_pb2.Dossier.Channel),
        (ComponentState, dossier_pb2.Component.State),
        (UploadState, dossier_pb2.Upload.State),
        (Rejection, dossier_pb2.Upload.Rejection),
        (DocumentKind, document_pb2.Document.Kind),
        (ConsultationState, consultation_pb2.Consultation.State),
        (Outcome, consultation_pb2.Consultation.Outcome),
        (Level, procedure_pb2.Procedure.Level),
    ],
    ids=lambda value: getattr(value, "__name__", "enum"),
)
def test_every_enum_is_that_of_the_contract(cls: Any, enum: Any) -> None:
    values = enum.DESCRIPTOR.values
    prefix = values[0].name.removesuffix("UNSPECIFIED")
    assert {value.name.removeprefix(prefix) for value in values[1:]} == {member.name for member in cls}
    if cls is State:
        assert {value.name.removeprefix(prefix): value.number for value in values[1:]} == {
            member.name: member.value for member in cls
        }


def test_every_event_is_in_the_topology() -> None:
    def leaves(cls: type[Event]) -> set[str]:
        below = [leaf for sub in cls.__subclasses__() for leaf in leaves(sub)]
        return set(below) or {cls.type}

    own = {leaf for cls in (events.DossierEvent, events.ConsultationEvent) for leaf in leaves(cls)}
    own.add(events.CalendarChanged.type)
    topology = Topology.load(Path(__file__).resolve().parents[3] / "telemetry" / "topology.yaml")
    assert own <= topology.events.keys()


ROLES = (
    "reception_officer",
    "handler",
    "unit_head",
    "leader",
    "clerk",
    "controller",
    "finance",
    "archivist",
    "system_admin",
    "auditor",
    "consultee",
)


def test_every_rpc_answers_every_role_as_the_table_says(office: Any, people: SimpleNamespace) -> None:
    """An empty request: a role without a row is refused before anything else, one with a row is judged further."""
    from motcua_kit.testing import citizen, officer, service_caller  # noqa: PLC0415

    callers = {
        ANYONE: None,
        "citizen": citizen(people.an),
        "service.permits": service_caller("permits"),
        "service.notify": service_caller("notify"),
        "service.identity": service_caller("identity"),
        **{role: officer(role, people.ward) for role in ROLES},
    }
    rows = SERVICE.permissions().rows
    channels = {role: office.running.call(lambda channel: channel, caller) for role, caller in callers.items()}
    for service, (role, channel) in product(SERVICES, channels.items()):
        for method in service.methods:
            rpc = f"{service.full_name}/{method.name}"
            call = channel.unary_unary(
                f"/{rpc}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=method.output_type._concrete_class.FromString,
            )
            code = code_of(call, method.input_type._concrete_class())
            row = rows[rpc]
            if role in row or ANYONE in row:
                assert code not in {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}, (rpc, role)
            elif role == ANYONE:
                assert code is grpc.StatusCode.UNAUTHENTICATED, rpc
            else:
                assert code is grpc.StatusCode.PERMISSION_DENIED, (rpc, role)


def code_of(call: Any, request: Any) -> grpc.StatusCode:
    from motcua_client import MotcuaError  # noqa: PLC0415

    try:
        call(request)
    except MotcuaError as error:
        return error.code
    return grpc.StatusCode.OK
