"""Consultations of other agencies (lấy ý kiến): silence at the deadline counts as consent (NĐ 217/2026 Điều 54)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from motcua_dossier.domain import events
from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.domain.law import LegalReference
from motcua_kit.domain import Aggregate, FieldViolation, IllegalTransition, Machine, ValidationFailed, transition


class ConsultationState(Enum):
    """Where a consultation stands."""

    REQUESTED = "requested"
    ANSWERED = "answered"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


class Outcome(Enum):
    """What came out of it."""

    AGREED = "agreed"
    AGREED_WITH_CONDITIONS = "agreed_with_conditions"
    OBJECTED = "objected"
    SILENT_CONSENT = "silent_consent"


CONSULTATION = Machine(
    "consultation",
    "CONSULTATION_CLOSED",
    [
        transition("Answer", [ConsultationState.REQUESTED], ConsultationState.ANSWERED),
        transition("Lapse", [ConsultationState.REQUESTED], ConsultationState.LAPSED),
        transition("Cancel", [ConsultationState.REQUESTED], ConsultationState.CANCELLED),
    ],
)


@dataclass(kw_only=True)
class Consultation(Aggregate):
    """A question to another agency.

    Attributes:
        dossier: dossier it is about.
        dossier_unit: unit that is competent for the dossier.
        application: application of the expert office that asks; empty when the one-stop asks.
        unit: unit that is asked.
        subject: what it is about.
        question: the question.
        working_days: working days to answer.
        requester: who asked.
        request_time: when.
        deadline: end of the last day to answer.
        legal_reference: law that asks for it or sets the deadline.
        state: where it stands.
        outcome: what came out; None until it is closed.
        answer: the answer or the conditions.
        responder: who answered.
        close_time: when it was answered, lapsed or cancelled.
    """

    dossier: str
    dossier_unit: str
    application: str
    unit: str
    subject: str
    question: str
    working_days: int
    requester: str
    request_time: datetime
    deadline: datetime
    legal_reference: LegalReference | None = None
    state: ConsultationState = ConsultationState.REQUESTED
    outcome: Outcome | None = None
    answer: str = ""
    responder: str = ""
    close_time: datetime | None = None

    def open(self) -> None:
        """Tell the agency that it is asked."""
        self.record(events.ConsultationRequested(deadline=self.deadline, **self._about()))

    def answer_with(self, outcome: Outcome, answer: str, responder: str, now: datetime) -> None:
        """Answer for the agency.

        Raises:
            IllegalTransition: it is closed, or the deadline has passed.
            ValidationFailed: an objection or conditions come without a text.
        """
        CONSULTATION.next(self.state, "Answer")
        if now > self.deadline:
            raise IllegalTransition(
                CONSULTATION.reason, "the deadline has passed", command="Answer", state=self.state.name
            )
        if outcome is not Outcome.AGREED and not answer.strip():
            message = "an objection or conditions need a text"
            raise ValidationFailed("REASON_REQUIRED", message, [FieldViolation("answer", "REASON_REQUIRED", message)])
        self.state = CONSULTATION.next(self.state, "Answer")
        self.outcome, self.answer, self.responder, self.close_time = outcome, answer, responder, now
        self.record(events.ConsultationAnswered(outcome=outcome.name, **self._about()))

    def lapse(self, now: datetime) -> bool:
        """Take the silence for consent when the deadline has passed; tell whether it had."""
        if self.state is not ConsultationState.REQUESTED or now <= self.deadline:
            return False
        self.state = CONSULTATION.next(self.state, "Lapse")
        self.outcome, self.close_time = Outcome.SILENT_CONSENT, now
        self.record(events.ConsultationLapsed(outcome=Outcome.SILENT_CONSENT.name, **self._about()))
        return True

    def cancel(self, now: datetime) -> None:
        """Close the question because its dossier has ended; one that is closed stays as it is."""
        if self.state is ConsultationState.REQUESTED:
            self.state = CONSULTATION.next(self.state, "Cancel")
            self.close_time = now

    def recompute_deadline(self, calendar: CityCalendar) -> bool:
        """Compute the deadline anew under a changed calendar, while it is open; tell whether it moved."""
        if self.state is not ConsultationState.REQUESTED:
            return False
        before = self.deadline
        self.deadline = calendar.working(self.unit).answer_by(self.request_time, self.working_days)
        return before != self.deadline

    def _about(self) -> dict[str, Any]:
        return {
            "consultation": f"consultations/{self.id}",
            "dossier": self.dossier,
            "application": self.application,
            "unit": self.unit,
            "subject": self.subject,
        }
