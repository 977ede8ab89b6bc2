"""The RPCs of the dossier service."""

from __future__ import annotations

import grpc

from motcua.dossier.v1 import calendar_pb2, consultation_pb2, document_pb2, procedure_pb2
from motcua.dossier.v1.calendar_pb2_grpc import CalendarServiceServicer
from motcua.dossier.v1.consultation_pb2_grpc import ConsultationServiceServicer
from motcua.dossier.v1.document_pb2_grpc import DocumentServiceServicer
from motcua.dossier.v1.procedure_pb2_grpc import ProcedureServiceServicer
from motcua_dossier.application.calendar import CalendarOffice
from motcua_dossier.application.consultations import Consultations, Question
from motcua_dossier.application.documents import DocumentStore
from motcua_dossier.application.procedures import Catalogue
from motcua_dossier.domain.consultation import Consultation, ConsultationState, Outcome
from motcua_dossier.domain.documents import Document, DocumentKind
from motcua_dossier.domain.procedure import Procedure
from motcua_dossier.entrypoints.messages import (
    calendar_message,
    computed_message,
    consultation_message,
    document_message,
    download_message,
    legal_reference,
    override,
    procedure_message,
)
from motcua_kit.rpc import execute, id_of, page_of, query
from motcua_kit.rpc.times import day_or_none, moment_of


class ProcedureGrpc(ProcedureServiceServicer):
    """The catalogue of procedures."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def GetProcedure(
        self, request: procedure_pb2.GetProcedureRequest, context: grpc.ServicerContext
    ) -> procedure_pb2.Procedure:
        """Get a procedure with the schema of its form."""

        def respond(procedure: Procedure) -> procedure_pb2.Procedure:
            return procedure_message(procedure, self._catalogue.forms.schema(procedure))

        return query(
            respond,
            lambda _: self._catalogue.get(id_of(request.name, "procedures"), day_or_none(request, "as_of_date")),
        )

    def ListProcedures(
        self, request: procedure_pb2.ListProceduresRequest, context: grpc.ServicerContext
    ) -> procedure_pb2.ListProceduresResponse:
        """List procedures."""

        def respond(found: tuple[list[Procedure], str]) -> procedure_pb2.ListProceduresResponse:
            procedures, token = found
            return procedure_pb2.ListProceduresResponse(
                procedures=[procedure_message(procedure) for procedure in procedures], next_page_token=token
            )

        return query(respond, lambda _: self._catalogue.page(day_or_none(request, "as_of_date"), page_of(request)))


class DocumentGrpc(DocumentServiceServicer):
    """Documents of people."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    def GetDocument(
        self, request: document_pb2.GetDocumentRequest, context: grpc.ServicerContext
    ) -> document_pb2.Document:
        """Get a document."""
        return query(document_message, lambda access: self._store.get(access, id_of(request.name, "documents")))

    def ListDocuments(
        self, request: document_pb2.ListDocumentsRequest, context: grpc.ServicerContext
    ) -> document_pb2.ListDocumentsResponse:
        """List the documents of a person."""
        kind = (
            DocumentKind[document_pb2.Document.Kind.Name(request.kind).removeprefix("KIND_")] if request.kind else None
        )

        def respond(found: tuple[list[Document], str]) -> document_pb2.ListDocumentsResponse:
            documents, token = found
            return document_pb2.ListDocumentsResponse(
                documents=[document_message(document) for document in documents], next_page_token=token
            )

        return query(
            respond,
            lambda access: self._store.page(
                access, request.parent, page_of(request), kind=kind, dossier=request.dossier
            ),
        )

    def CreateDownload(
        self, request: document_pb2.CreateDownloadRequest, context: grpc.ServicerContext
    ) -> document_pb2.Download:
        """Make a link to the bytes of a document."""
        return query(download_message, lambda access: self._store.download(access, id_of(request.name, "documents")))


class ConsultationGrpc(ConsultationServiceServicer):
    """Consultations of other agencies."""

    def __init__(self, consultations: Consultations) -> None:
        self._consultations = consultations

    def CreateConsultation(
        self, request: consultation_pb2.CreateConsultationRequest, context: grpc.ServicerContext
    ) -> consultation_pb2.Consultation:
        """Ask an agency."""
        given = request.consultation
        new = Question(
            dossier=given.dossier,
            application=given.application,
            unit=given.unit,
            subject=given.subject,
            question=given.question,
            working_days=given.working_days,
            legal_reference=legal_reference(given.legal_reference) if given.HasField("legal_reference") else None,
        )
        return execute(
            request,
            consultation_message,
            lambda command, access: self._consultations.create(command, access, new),
        )

    def GetConsultation(
        self, request: consultation_pb2.GetConsultationRequest, context: grpc.ServicerContext
    ) -> consultation_pb2.Consultation:
        """Get a consultation."""
        return query(
            consultation_message,
            lambda access: self._consultations.get(access, id_of(request.name, "consultations")),
        )

    def ListConsultations(
        self, request: consultation_pb2.ListConsultationsRequest, context: grpc.ServicerContext
    ) -> consultation_pb2.ListConsultationsResponse:
        """List the consultations of a dossier or of a unit."""
        name = consultation_pb2.Consultation.State.Name(request.state).removeprefix("STATE_")
        state = ConsultationState[name] if request.state else None

        def respond(found: tuple[list[Consultation], str]) -> consultation_pb2.ListConsultationsResponse:
            consultations, token = found
            return consultation_pb2.ListConsultationsResponse(
                consultations=[consultation_message(one) for one in consultations], next_page_token=token
            )

        return query(respond, lambda access: self._consultations.page(access, request.parent, page_of(request), state))

    def AnswerConsultation(
        self, request: consultation_pb2.AnswerConsultationRequest, context: grpc.ServicerContext
    ) -> consultation_pb2.Consultation:
        """Answer for the agency that was asked."""
        outcome = Outcome[consultation_pb2.Consultation.Outcome.Name(request.outcome).removeprefix("OUTCOME_")]
        return execute(
            request,
            consultation_message,
            lambda command, access: self._consultations.answer(
                command, access, id_of(request.name, "consultations"), outcome, request.answer, request.etag
            ),
        )


class CalendarGrpc(CalendarServiceServicer):
    """The working calendar."""

    def __init__(self, office: CalendarOffice) -> None:
        self._office = office

    def GetCalendar(
        self, request: calendar_pb2.GetCalendarRequest, context: grpc.ServicerContext
    ) -> calendar_pb2.Calendar:
        """Get the calendar."""
        return query(calendar_message, lambda _: self._office.get(id_of(request.name, "calendars")))

    def ReplaceOverrides(
        self, request: calendar_pb2.ReplaceOverridesRequest, context: grpc.ServicerContext
    ) -> calendar_pb2.Calendar:
        """Replace the overrides."""
        overrides = [override(message) for message in request.overrides]
        return execute(
            request,
            calendar_message,
            lambda command, _: self._office.replace(command, id_of(request.name, "calendars"), overrides, request.etag),
        )

    def ComputeDueTime(
        self, request: calendar_pb2.ComputeDueTimeRequest, context: grpc.ServicerContext
    ) -> calendar_pb2.ComputeDueTimeResponse:
        """Compute a due time."""
        return query(
            computed_message,
            lambda _: self._office.compute(
                id_of(request.name, "calendars"),
                moment_of(request, "receive_time"),
                request.working_days,
                request.unit,
            ),
        )
