"""Domain objects as messages of the contract, and back. What is not here is mapped by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from motcua.common.v1.common_pb2 import LegalReference as LegalReferenceMessage
from motcua.dossier.v1 import calendar_pb2, consultation_pb2, document_pb2, dossier_pb2, procedure_pb2
from motcua_dossier.application.calendar import Computed
from motcua_dossier.application.files import Link, PreparedUpload
from motcua_dossier.domain.calendar import CityCalendar, Override
from motcua_dossier.domain.consultation import Consultation
from motcua_dossier.domain.documents import Document
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.parts import SupplementItem, Upload
from motcua_dossier.domain.procedure import Procedure
from motcua_kit.mapping import from_message, to_message
from motcua_kit.store import HistoryEntry


def dossier_message(dossier: Dossier) -> dossier_pb2.Dossier:
    """Return a dossier with everything in it."""
    return to_message(
        dossier,
        dossier_pb2.Dossier,
        name=f"dossiers/{dossier.id}",
        uploads=[upload_message(dossier.id, upload) for upload in dossier.uploads],
    )


def dossier_summary(dossier: Dossier) -> dossier_pb2.Dossier:
    """Return a dossier as lists show it: nothing that the applicant wrote."""
    return to_message(
        dossier,
        dossier_pb2.Dossier,
        name=f"dossiers/{dossier.id}",
        applicant_name=None,
        form=None,
        uploads=[],
        supplement=None,
        end_reason=None,
    )


def upload_message(dossier: str, upload: Upload) -> dossier_pb2.Upload:
    """Return a file of a dossier."""
    return to_message(upload, dossier_pb2.Upload, name=f"dossiers/{dossier}/uploads/{upload.id}")


def prepared_message(prepared: PreparedUpload) -> dossier_pb2.CreateUploadResponse:
    """Return a prepared upload with the form that fills it."""
    return to_message(
        prepared.form,
        dossier_pb2.CreateUploadResponse,
        upload=upload_message(prepared.dossier, prepared.upload),
        uri=prepared.form.url,
    )


def download_message(link: Link) -> document_pb2.Download:
    """Return a link to bytes."""
    return to_message(link, document_pb2.Download)


def timeline_message(entries: Iterable[HistoryEntry]) -> dossier_pb2.Timeline:
    """Return what happened to a dossier."""
    return dossier_pb2.Timeline(entries=[to_message(entry, dossier_pb2.TimelineEntry) for entry in entries])


def document_message(document: Document) -> document_pb2.Document:
    """Return a document."""
    return to_message(document, document_pb2.Document, name=f"documents/{document.id}")


def consultation_message(consultation: Consultation) -> consultation_pb2.Consultation:
    """Return a consultation."""
    return to_message(consultation, consultation_pb2.Consultation, name=f"consultations/{consultation.id}")


def calendar_message(calendar: CityCalendar) -> calendar_pb2.Calendar:
    """Return the calendar."""
    return to_message(calendar, calendar_pb2.Calendar, name=f"calendars/{calendar.id}")


def computed_message(computed: Computed) -> calendar_pb2.ComputeDueTimeResponse:
    """Return a computed due time."""
    return to_message(computed, calendar_pb2.ComputeDueTimeResponse)


def procedure_message(procedure: Procedure, form_schema: dict[str, Any] | None = None) -> procedure_pb2.Procedure:
    """Return a procedure, with the schema of its form when it is given."""
    return to_message(
        procedure,
        procedure_pb2.Procedure,
        procedure_version=procedure.version,
        form_schema=form_schema,
        supplement_answer_days=procedure.supplement.working_days,
        consultation_days=procedure.consultation.working_days if procedure.consultation else 0,
        result_title=procedure.result_title.vi,
    )


def legal_reference(message: LegalReferenceMessage) -> LegalReference:
    """Return a legal reference."""
    return from_message(message, LegalReference)


def supplement_item(message: dossier_pb2.SupplementItem) -> SupplementItem:
    """Return an item of a supplement."""
    return from_message(message, SupplementItem)


def override(message: calendar_pb2.CalendarOverride) -> Override:
    """Return a day that differs from the published holidays."""
    return from_message(message, Override)


EXACT = 2.0**53
"""Below this every whole number is a float of its own."""


def form_of(struct: Struct) -> dict[str, Any]:
    """Return a form as JSON means it: protobuf carries every number as a float, whole ones are integers again."""
    form: dict[str, Any] = _whole(json_format.MessageToDict(struct))
    return form


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value
