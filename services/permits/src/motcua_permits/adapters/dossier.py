"""The dossier service over gRPC. A call carries a request id made from its key, so that a repeat is the same call."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

import grpc
import urllib3
from google.protobuf.timestamp_pb2 import Timestamp

from motcua.common.v1 import common_pb2
from motcua.dossier.v1 import consultation_pb2, dossier_pb2
from motcua.dossier.v1.consultation_pb2_grpc import ConsultationServiceStub
from motcua.dossier.v1.dossier_pb2_grpc import DossierServiceStub
from motcua_client import AlreadyExists, Forbidden, MotcuaError, NotFound, PreconditionFailed, ValidationFailed
from motcua_kit.clock import system_clock
from motcua_kit.domain import DependencyDown
from motcua_kit.objects import ObjectStore
from motcua_permits.application.ports import AskedConsultation, DossierView, RefusedByDossier
from motcua_permits.domain.review import ConsultationOutcome, RefusalReason, SupplementItem
from motcua_permits.domain.values import LegalReference

LAW_OF_CONSULTATION = common_pb2.LegalReference(source="NĐ 217/2026/NĐ-CP", article="Điều 54", confidence="sure")
FOR_GOOD = (ValidationFailed, PreconditionFailed, NotFound, AlreadyExists, Forbidden)
"""Refusals that trying again does not change."""

UPLOAD_ROUNDS = 50
SLACK = timedelta(seconds=20)
POST_OK = 300

_OUTCOMES = {
    consultation_pb2.Consultation.OUTCOME_UNSPECIFIED: ConsultationOutcome.UNSPECIFIED,
    consultation_pb2.Consultation.OUTCOME_AGREED: ConsultationOutcome.AGREED,
    consultation_pb2.Consultation.OUTCOME_AGREED_WITH_CONDITIONS: ConsultationOutcome.AGREED_WITH_CONDITIONS,
    consultation_pb2.Consultation.OUTCOME_OBJECTED: ConsultationOutcome.OBJECTED,
    consultation_pb2.Consultation.OUTCOME_SILENT_CONSENT: ConsultationOutcome.LAPSED,
}


class GrpcDossiers:
    """Steps of the one-stop that permits asks for."""

    def __init__(
        self, channel: Callable[[], grpc.Channel], objects: Callable[[], ObjectStore], http: urllib3.PoolManager
    ) -> None:
        self._channel = channel
        self._objects = objects
        self._http = http

    @cached_property
    def _dossiers(self) -> DossierServiceStub:
        return DossierServiceStub(self._channel())

    @cached_property
    def _consultations(self) -> ConsultationServiceStub:
        return ConsultationServiceStub(self._channel())

    def get(self, dossier: str) -> DossierView:
        """See `Dossiers.get`."""
        found = self._dossiers.GetDossier(dossier_pb2.GetDossierRequest(name=dossier))
        return DossierView(
            state=dossier_pb2.Dossier.State.Name(found.state).removeprefix("STATE_"),
            accepted=found.HasField("accept_time"),
            due_time=_time(found.due_time) if found.HasField("due_time") else None,
            results=tuple(result.number for result in found.results),
            components={
                one.code: dossier_pb2.Component.State.Name(one.state).removeprefix("STATE_") for one in found.components
            },
        )

    def start_processing(self, dossier: str, *, key: str) -> None:
        """See `Dossiers.start_processing`."""
        self._dossiers.StartProcessing(dossier_pb2.StartProcessingRequest(name=dossier, request_id=_request_id(key)))

    def request_supplement(self, dossier: str, items: Sequence[SupplementItem], *, key: str) -> None:
        """See `Dossiers.request_supplement`."""
        request = dossier_pb2.RequestSupplementRequest(
            name=dossier,
            items=[
                dossier_pb2.SupplementItem(component=item.component, reason=item.reason, legal_reference=_law(item.law))
                for item in items
            ],
            request_id=_request_id(key),
        )
        try:
            self._dossiers.RequestSupplement(request)
        except FOR_GOOD as refused:
            raise RefusedByDossier(_said(refused)) from refused

    def create_consultation(
        self, dossier: str, application: str, *, agency_unit: str, subject: str, question: str, key: str
    ) -> AskedConsultation:
        """See `Dossiers.create_consultation`."""
        request = consultation_pb2.CreateConsultationRequest(
            consultation=consultation_pb2.Consultation(
                dossier=dossier,
                application=application,
                unit=agency_unit,
                subject=subject,
                question=question,
                legal_reference=LAW_OF_CONSULTATION,
            ),
            request_id=_request_id(key),
        )
        try:
            return _asked(self._consultations.CreateConsultation(request))
        except FOR_GOOD as refused:
            raise RefusedByDossier(_said(refused)) from refused

    def consultation(self, name: str) -> AskedConsultation:
        """See `Dossiers.consultation`."""
        return _asked(self._consultations.GetConsultation(consultation_pb2.GetConsultationRequest(name=name)))

    def attach_result(self, dossier: str, content: bytes, *, sha256: str, title: str, number: str, key: str) -> None:
        """See `Dossiers.attach_result`."""
        upload = self._upload(dossier, content, sha256, f"giay-phep-{number.replace('/', '-')}.pdf", key)
        self._dossiers.AttachResult(
            dossier_pb2.AttachResultRequest(
                name=dossier,
                upload=upload,
                title=title,
                kind="building_permit",
                number=number,
                request_id=_request_id(f"{key}/attach/{upload}"),
            )
        )

    def complete(self, dossier: str, *, key: str) -> None:
        """See `Dossiers.complete`."""
        self._dossiers.CompleteDossier(dossier_pb2.CompleteDossierRequest(name=dossier, request_id=_request_id(key)))

    def stop(self, dossier: str, reasons: Sequence[RefusalReason], *, key: str) -> None:
        """See `Dossiers.stop`."""
        lines = [f"{number}. {reason.text} ({reason.law})" for number, reason in enumerate(reasons, start=1)]
        first = next(reason.law for reason in reasons if reason.law is not None)
        self._dossiers.StopDossier(
            dossier_pb2.StopDossierRequest(
                name=dossier,
                reason="Không cấp giấy phép xây dựng vì:\n" + "\n".join(lines),
                legal_reference=_law(first),
                request_id=_request_id(key),
            )
        )

    def _upload(self, dossier: str, content: bytes, sha256: str, filename: str, key: str) -> str:
        """Send the bytes by a presigned form and return the upload's name.

        A repeat gets the form of the first time; when that has expired, the next round asks for a fresh one.
        """
        for round_number in range(UPLOAD_ROUNDS):
            prepared = self._dossiers.CreateResultUpload(
                dossier_pb2.CreateResultUploadRequest(
                    parent=dossier,
                    filename=filename,
                    content_type="application/pdf",
                    size=len(content),
                    sha256=sha256,
                    request_id=_request_id(f"{key}/upload/{round_number}"),
                )
            )
            if _time(prepared.expire_time) > system_clock() + SLACK:
                break
        response = self._http.request(
            "POST",
            self._objects().inside(prepared.uri),
            fields={**prepared.fields, "file": (filename, content, "application/pdf")},
        )
        if response.status >= POST_OK:
            raise DependencyDown("DEPENDENCY_DOWN", f"the object store refused the upload: HTTP {response.status}")
        return prepared.upload.name


def _asked(found: consultation_pb2.Consultation) -> AskedConsultation:
    return AskedConsultation(
        name=found.name,
        outcome=ConsultationOutcome.CANCELLED
        if found.state == consultation_pb2.Consultation.STATE_CANCELLED
        else _OUTCOMES[found.outcome],
        opinion=found.answer,
        deadline=_time(found.deadline) if found.HasField("deadline") else None,
        close_time=_time(found.close_time) if found.HasField("close_time") else None,
    )


def _law(law: LegalReference) -> common_pb2.LegalReference:
    return common_pb2.LegalReference(source=law.source, article=law.article, confidence=law.confidence)


def _request_id(key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, key))


def _said(refused: MotcuaError) -> str:
    return refused.localized_message or refused.message


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
