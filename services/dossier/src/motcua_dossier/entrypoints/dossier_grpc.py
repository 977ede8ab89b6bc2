"""The RPCs on dossiers."""

from __future__ import annotations

from typing import Protocol

import grpc
from google.protobuf.empty_pb2 import Empty

from motcua.common.v1.common_pb2 import LegalReference
from motcua.dossier.v1 import document_pb2
from motcua.dossier.v1 import dossier_pb2 as pb
from motcua.dossier.v1.dossier_pb2_grpc import DossierServiceServicer
from motcua_dossier.application.drafts import Drafting, NewDraft
from motcua_dossier.application.files import Files
from motcua_dossier.application.ports import Ending
from motcua_dossier.application.processing import Processing
from motcua_dossier.application.queries import Queries, QueueFilter
from motcua_dossier.application.reception import Reception
from motcua_dossier.application.results import NewResult, Results
from motcua_dossier.domain.dossier import DeliveryMethod, Dossier
from motcua_dossier.domain.parts import RESULT_COMPONENT, HeldPaper, NewUpload
from motcua_dossier.domain.states import State
from motcua_dossier.entrypoints.messages import (
    dossier_message,
    dossier_summary,
    download_message,
    form_of,
    legal_reference,
    prepared_message,
    supplement_item,
    timeline_message,
)
from motcua_kit.command import Command
from motcua_kit.domain import FieldViolation, ValidationFailed
from motcua_kit.rpc import execute, id_of, page_of, query
from motcua_kit.rpc.times import moment_or_none

UPDATABLE = frozenset({"form", "delivery_method"})


class DossierGrpc(DossierServiceServicer):
    """Dossiers from draft to handed-over result."""

    def __init__(
        self,
        *,
        drafting: Drafting,
        files: Files,
        reception: Reception,
        processing: Processing,
        results: Results,
        queries: Queries,
    ) -> None:
        self._drafting = drafting
        self._files = files
        self._reception = reception
        self._processing = processing
        self._results = results
        self._queries = queries

    def CreateDossier(self, request: pb.CreateDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Make a draft."""
        given = request.dossier
        new = NewDraft(given.procedure, given.unit, given.applicant, form_of(given.form), _delivery(given))
        return execute(request, dossier_message, lambda command, access: self._drafting.create(command, access, new))

    def GetDossier(self, request: pb.GetDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Get a dossier."""
        return query(dossier_message, lambda access: self._queries.get(access, _id(request)))

    def ListDossiers(self, request: pb.ListDossiersRequest, context: grpc.ServicerContext) -> pb.ListDossiersResponse:
        """List dossiers."""
        state = State(request.state) if request.state else None

        def respond(found: tuple[list[Dossier], str]) -> pb.ListDossiersResponse:
            dossiers, token = found
            return pb.ListDossiersResponse(dossiers=[dossier_summary(one) for one in dossiers], next_page_token=token)

        return query(
            respond, lambda access: self._queries.page(access, page_of(request), state=state, code=request.code)
        )

    def UpdateDossier(self, request: pb.UpdateDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Change a draft."""
        given = request.dossier
        fields = _fields(request)
        return execute(
            request,
            dossier_message,
            lambda command, access: self._drafting.update(
                command,
                access,
                id_of(given.name, "dossiers", "dossier.name"),
                form=form_of(given.form) if "form" in fields else None,
                delivery_method=_delivery(given) if "delivery_method" in fields else None,
                etag=given.etag,
            ),
        )

    def DeleteDossier(self, request: pb.DeleteDossierRequest, context: grpc.ServicerContext) -> Empty:
        """Delete a draft."""
        return execute(
            request,
            lambda _: Empty(),
            lambda command, access: self._drafting.delete(command, access, _id(request), request.etag),
        )

    def CreateUpload(self, request: pb.CreateUploadRequest, context: grpc.ServicerContext) -> pb.CreateUploadResponse:
        """Prepare the upload of a file."""
        return execute(
            request,
            prepared_message,
            lambda command, access: self._files.create(
                command,
                access,
                id_of(request.parent, "dossiers", "parent"),
                _new_upload(command, request, request.component),
            ),
        )

    def FinalizeUpload(self, request: pb.FinalizeUploadRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Take note of sent bytes."""
        identity, upload = _upload_ids(request.name)
        return execute(
            request,
            dossier_message,
            lambda command, access: self._files.finalize(command, access, identity, upload),
        )

    def CreateUploadDownload(
        self, request: pb.CreateUploadDownloadRequest, context: grpc.ServicerContext
    ) -> document_pb2.Download:
        """Make a link to a checked file."""
        identity, upload = _upload_ids(request.name)
        return query(download_message, lambda access: self._files.download(access, identity, upload))

    def ReuseComponent(self, request: pb.ReuseComponentRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Link a component to a paper of the City."""
        paper = HeldPaper(request.component, request.source)
        return execute(
            request,
            dossier_message,
            lambda command, access: self._drafting.reuse(command, access, _id(request), paper, request.etag),
        )

    def SubmitDossier(self, request: pb.SubmitDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Submit a draft."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._reception.submit(command, access, _id(request), request.etag),
        )

    def AcceptDossier(self, request: pb.AcceptDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Accept a dossier."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._reception.accept(command, access, _id(request), request.etag),
        )

    def RefuseDossier(self, request: pb.RefuseDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Refuse a dossier at reception."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._reception.refuse(
                command, access, _id(request), _ending(request), request.etag
            ),
        )

    def AssignDossier(self, request: pb.AssignDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Give a dossier to an officer."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._processing.assign(
                command, access, _id(request), request.handler, request.etag
            ),
        )

    def StartProcessing(self, request: pb.StartProcessingRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Start the work."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._processing.start(command, access, _id(request), request.etag),
        )

    def RequestSupplement(self, request: pb.RequestSupplementRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Ask for a supplement."""
        items = [supplement_item(item) for item in request.items]
        return execute(
            request,
            dossier_message,
            lambda command, access: self._processing.request_supplement(
                command, access, _id(request), items, request.etag
            ),
        )

    def AnswerSupplement(self, request: pb.AnswerSupplementRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Answer the supplement."""
        form = form_of(request.form) if request.HasField("form") else None
        return execute(
            request,
            dossier_message,
            lambda command, access: self._processing.answer_supplement(
                command, access, _id(request), request.note, form, request.etag
            ),
        )

    def RequestPayment(self, request: pb.RequestPaymentRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Ask for a payment."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._processing.request_payment(
                command, access, _id(request), list(request.charges), request.etag
            ),
        )

    def ConfirmPayment(self, request: pb.ConfirmPaymentRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Record a payment."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._processing.confirm_payment(
                command, access, _id(request), request.amount_vnd, request.receipt_no, request.etag
            ),
        )

    def WithdrawDossier(self, request: pb.WithdrawDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Withdraw a dossier."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._processing.withdraw(
                command, access, _id(request), request.reason, request.etag
            ),
        )

    def StopDossier(self, request: pb.StopDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Stop a dossier."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._processing.stop(
                command, access, _id(request), _ending(request), request.etag
            ),
        )

    def CreateResultUpload(
        self, request: pb.CreateResultUploadRequest, context: grpc.ServicerContext
    ) -> pb.CreateUploadResponse:
        """Prepare the upload of a result."""
        return execute(
            request,
            prepared_message,
            lambda command, access: self._files.create_result(
                command,
                access,
                id_of(request.parent, "dossiers", "parent"),
                _new_upload(command, request, RESULT_COMPONENT),
            ),
        )

    def AttachResult(self, request: pb.AttachResultRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Attach an uploaded result."""
        identity, upload = _upload_ids(request.upload)
        if identity != _id(request):
            raise _invalid_name("upload", request.upload)
        new = NewResult(upload, request.kind, request.title, request.number)
        return execute(
            request,
            dossier_message,
            lambda command, access: self._results.attach(command, access, identity, new, request.etag),
        )

    def CompleteDossier(self, request: pb.CompleteDossierRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """End the work."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._results.complete(command, access, _id(request), request.etag),
        )

    def DeliverResult(self, request: pb.DeliverResultRequest, context: grpc.ServicerContext) -> pb.Dossier:
        """Hand the result over."""
        return execute(
            request,
            dossier_message,
            lambda command, access: self._results.deliver(command, access, _id(request), request.etag),
        )

    def ListQueue(self, request: pb.ListQueueRequest, context: grpc.ServicerContext) -> pb.ListQueueResponse:
        """List what waits in a unit."""
        narrowed = QueueFilter(request.role, request.handler, moment_or_none(request, "due_before_time"))

        def respond(found: tuple[list[Dossier], str]) -> pb.ListQueueResponse:
            dossiers, token = found
            return pb.ListQueueResponse(dossiers=[dossier_summary(one) for one in dossiers], next_page_token=token)

        return query(respond, lambda access: self._queries.queue(access, request.parent, page_of(request), narrowed))

    def SearchDossiers(
        self, request: pb.SearchDossiersRequest, context: grpc.ServicerContext
    ) -> pb.SearchDossiersResponse:
        """Find dossiers of a unit by the name of the applicant."""

        def respond(found: tuple[list[Dossier], str]) -> pb.SearchDossiersResponse:
            dossiers, token = found
            return pb.SearchDossiersResponse(dossiers=[dossier_summary(one) for one in dossiers], next_page_token=token)

        return query(
            respond, lambda access: self._queries.search(access, request.parent, request.query, page_of(request))
        )

    def GetTimeline(self, request: pb.GetTimelineRequest, context: grpc.ServicerContext) -> pb.Timeline:
        """Get what happened to a dossier."""
        return query(timeline_message, lambda access: self._queries.timeline(access, _id(request)))


class _Named(Protocol):
    name: str


class _WithReason(Protocol):
    reason: str

    @property
    def legal_reference(self) -> LegalReference: ...


class _Declared(Protocol):
    filename: str
    content_type: str
    size: int
    sha256: str


def _id(request: _Named) -> str:
    return id_of(request.name, "dossiers")


def _upload_ids(name: str) -> tuple[str, str]:
    """Return the ids of dossier and upload in `dossiers/{dossier}/uploads/{upload}`, which has passed validation."""
    _, dossier, _, upload = name.split("/")
    return dossier, upload


def _ending(request: _WithReason) -> Ending:
    return Ending(request.reason, legal_reference(request.legal_reference))


def _new_upload(command: Command, request: _Declared, component: str) -> NewUpload:
    return NewUpload(command.new_id(), component, request.filename, request.content_type, request.size, request.sha256)


def _delivery(dossier: pb.Dossier) -> DeliveryMethod | None:
    if not dossier.delivery_method:
        return None
    return DeliveryMethod[pb.Dossier.DeliveryMethod.Name(dossier.delivery_method).removeprefix("DELIVERY_METHOD_")]


def _fields(request: pb.UpdateDossierRequest) -> set[str]:
    """Return the fields to change (AIP-134): those of the mask, or all that are set when there is none.

    Raises:
        ValidationFailed: the mask names a field that cannot be changed.
    """
    paths = set(request.update_mask.paths)
    if paths == {"*"}:
        return set(UPDATABLE)
    if unknown := paths - UPDATABLE:
        message = f"only {', '.join(sorted(UPDATABLE))} can be changed"
        raise ValidationFailed(
            "FIELD_NOT_UPDATABLE",
            message,
            [FieldViolation("update_mask", "FIELD_NOT_UPDATABLE", message)],
            field=", ".join(sorted(unknown)),
        )
    return paths or {descriptor.name for descriptor, _ in request.dossier.ListFields()} & UPDATABLE


def _invalid_name(field: str, name: str) -> ValidationFailed:
    message = "is of another dossier"
    return ValidationFailed(
        "RESOURCE_NAME_INVALID", message, [FieldViolation(field, "RESOURCE_NAME_INVALID", message)], name=name
    )
