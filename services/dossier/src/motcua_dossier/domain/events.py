"""What has happened to dossiers, documents and consultations. Names of resources only, no personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from motcua_kit.domain import Event


@dataclass(frozen=True, kw_only=True)
class DossierEvent(Event):
    """What every event of a dossier says.

    Attributes:
        dossier: resource name.
        code: code for life; empty for a draft.
        procedure: resource name of the procedure.
        unit: resource name of the competent unit.
        applicant: resource name of the applicant's account.
    """

    dossier: str
    code: str
    procedure: str
    unit: str
    applicant: str


@dataclass(frozen=True, kw_only=True)
class DossierDrafted(DossierEvent):
    """A draft was made."""

    type: ClassVar[str] = "dossier.drafted"


@dataclass(frozen=True, kw_only=True)
class DocumentUploaded(DossierEvent):
    """The bytes of an upload are said to be there."""

    type: ClassVar[str] = "document.uploaded"
    upload: str


@dataclass(frozen=True, kw_only=True)
class DossierSubmitted(DossierEvent):
    """A draft was submitted and has its code."""

    type: ClassVar[str] = "dossier.submitted"
    submit_time: datetime


@dataclass(frozen=True, kw_only=True)
class DossierAccepted(DossierEvent):
    """The dossier was accepted: the clock runs.

    Attributes:
        procedure_version: version it is decided under.
        receiver: officer who received it.
        accept_time: when it was accepted.
        due_time: when it is due.
        parcel: parcel it is about; empty when there is none.
        form: parts of the form that expert offices need, without personal data.
    """

    type: ClassVar[str] = "dossier.accepted"
    procedure_version: str
    receiver: str
    accept_time: datetime
    due_time: datetime
    parcel: str
    form: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DossierRefused(DossierEvent):
    """The dossier was refused at reception."""

    type: ClassVar[str] = "dossier.refused"
    reason: str
    law: str


@dataclass(frozen=True, kw_only=True)
class DossierAssigned(DossierEvent):
    """The dossier has a handler."""

    type: ClassVar[str] = "dossier.assigned"
    handler: str


@dataclass(frozen=True, kw_only=True)
class ProcessingStarted(DossierEvent):
    """The work on the dossier has begun."""

    type: ClassVar[str] = "dossier.started"


@dataclass(frozen=True, kw_only=True)
class SupplementRequested(DossierEvent):
    """The applicant was asked for a supplement: the clock is paused."""

    type: ClassVar[str] = "dossier.supplement_requested"
    supplement: str
    items: list[str]
    answer_by: datetime


@dataclass(frozen=True, kw_only=True)
class DossierSupplemented(DossierEvent):
    """The supplement was answered: the clock runs again."""

    type: ClassVar[str] = "dossier.supplemented"
    supplement: str
    items: list[str]
    due_time: datetime
    parcel: str
    form: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PaymentRequested(DossierEvent):
    """The applicant was asked to pay: the clock is paused."""

    type: ClassVar[str] = "dossier.payment_requested"
    amount_vnd: int


@dataclass(frozen=True, kw_only=True)
class DossierResumed(DossierEvent):
    """The clock runs again after a payment."""

    type: ClassVar[str] = "dossier.resumed"
    due_time: datetime


@dataclass(frozen=True, kw_only=True)
class DueChanged(DossierEvent):
    """The due time moved.

    Attributes:
        cause: `supplement`, `payment` or `calendar`.
    """

    type: ClassVar[str] = "dossier.due_changed"
    old_due: datetime
    new_due: datetime
    cause: str


@dataclass(frozen=True, kw_only=True)
class DossierWithdrawn(DossierEvent):
    """The applicant withdrew the dossier."""

    type: ClassVar[str] = "dossier.withdrawn"


@dataclass(frozen=True, kw_only=True)
class DossierStopped(DossierEvent):
    """The dossier was stopped."""

    type: ClassVar[str] = "dossier.stopped"
    reason: str
    law: str


@dataclass(frozen=True, kw_only=True)
class SlipIssued(DossierEvent):
    """A slip was signed and put into the dossier."""

    type: ClassVar[str] = "dossier.slip_issued"
    form_no: str
    document: str


@dataclass(frozen=True, kw_only=True)
class DossierCompleted(DossierEvent):
    """The work is done: the end of measuring."""

    type: ClassVar[str] = "dossier.completed"
    complete_time: datetime
    due_time: datetime
    results: list[str]


@dataclass(frozen=True, kw_only=True)
class DossierDelivered(DossierEvent):
    """The result was handed over."""

    type: ClassVar[str] = "dossier.delivered"
    results: list[str]


@dataclass(frozen=True, kw_only=True)
class ConsultationEvent(Event):
    """What every event of a consultation says.

    Attributes:
        consultation: resource name.
        dossier: dossier it is about.
        application: application of the expert office that asked; empty when the one-stop asked.
        unit: unit that was asked.
        subject: what it is about.
    """

    consultation: str
    dossier: str
    application: str
    unit: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class ConsultationRequested(ConsultationEvent):
    """An agency was asked."""

    type: ClassVar[str] = "consultation.requested"
    deadline: datetime


@dataclass(frozen=True, kw_only=True)
class ConsultationAnswered(ConsultationEvent):
    """The agency answered."""

    type: ClassVar[str] = "consultation.answered"
    outcome: str


@dataclass(frozen=True, kw_only=True)
class ConsultationLapsed(ConsultationEvent):
    """The agency kept silent, which counts as consent."""

    type: ClassVar[str] = "consultation.lapsed"
    outcome: str


@dataclass(frozen=True, kw_only=True)
class CalendarChanged(Event):
    """The working calendar changed."""

    type: ClassVar[str] = "calendar.changed"
    calendar: str
