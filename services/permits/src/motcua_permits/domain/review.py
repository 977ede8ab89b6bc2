"""What a handler gathers before a decision: conditions, opinions of other agencies, the one supplement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from motcua_permits.domain.values import LegalReference, LocalizedText


class ConditionOutcome(StrEnum):
    """What a review says of a condition."""

    UNSPECIFIED = "UNSPECIFIED"
    MET = "MET"
    NOT_MET = "NOT_MET"
    NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True)
class Condition:
    """One condition for granting a permit (NĐ 217/2026 Điều 50–52) and the handler's review of it."""

    code: str
    text: LocalizedText
    law: LegalReference
    outcome: ConditionOutcome = ConditionOutcome.UNSPECIFIED
    note: str = ""
    reviewer: str = ""
    review_time: datetime | None = None


@dataclass(frozen=True)
class ConditionReview:
    """What a handler says of one condition."""

    code: str
    outcome: ConditionOutcome
    note: str = ""


class ConsultationOutcome(StrEnum):
    """How a consultation ended; silence counts as consent (NĐ 217/2026 Điều 54)."""

    UNSPECIFIED = "UNSPECIFIED"
    AGREED = "AGREED"
    OBJECTED = "OBJECTED"
    LAPSED = "LAPSED"
    AGREED_WITH_CONDITIONS = "AGREED_WITH_CONDITIONS"
    CANCELLED = "CANCELLED"

    @property
    def needs_weighing(self) -> bool:
        """Whether the handler must say how the opinion was weighed."""
        return self in {ConsultationOutcome.OBJECTED, ConsultationOutcome.AGREED_WITH_CONDITIONS}


@dataclass(frozen=True)
class Consultation:
    """An opinion asked of another agency.

    Attributes:
        consultation_id: id within the application.
        agency_unit: unit that is asked.
        subject: a few words, e.g. `fire_safety`.
        question: what is asked.
        consultation: the dossier service's resource; empty until it is created.
        deadline: when the agency must have answered.
        outcome: how it ended.
        opinion: the agency's words.
        close_time: when it ended.
    """

    consultation_id: str
    agency_unit: str
    subject: str
    question: str
    consultation: str = ""
    deadline: datetime | None = None
    outcome: ConsultationOutcome = ConsultationOutcome.UNSPECIFIED
    opinion: str = ""
    close_time: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether the agency has neither answered nor let the deadline pass."""
        return self.outcome is ConsultationOutcome.UNSPECIFIED


@dataclass(frozen=True)
class SupplementItem:
    """One thing the applicant must complete, with the reason and its law."""

    component: str
    reason: str
    law: LegalReference


@dataclass(frozen=True)
class Supplement:
    """The one supplement an applicant may be asked for (NĐ 217/2026 Điều 54)."""

    items: tuple[SupplementItem, ...]
    requester: str
    request_time: datetime
    answer_time: datetime | None = None


class DecisionOutcome(StrEnum):
    """What is decided."""

    GRANT = "GRANT"
    REFUSE = "REFUSE"


@dataclass(frozen=True)
class RefusalReason:
    """One reason for refusing a permit.

    Attributes:
        rule: rule of a finding, or code of a condition.
        law: what it rests on; filled from the finding or condition when None.
        text: the reason as the applicant reads it; filled likewise when empty.
    """

    rule: str
    law: LegalReference | None = None
    text: str = ""


@dataclass(frozen=True)
class Decision:
    """What a handler proposed and a leader decided.

    Attributes:
        outcome: what was proposed.
        note: the handler's assessment.
        reasons: of a refusal, each with its law.
        proposer: handler who proposed.
        propose_time: when.
        approver: leader who decided; empty before.
        decide_time: when.
        return_reason: why a leader sent the proposal back; empty when none did.
    """

    outcome: DecisionOutcome
    proposer: str
    propose_time: datetime
    note: str = ""
    reasons: tuple[RefusalReason, ...] = ()
    approver: str = ""
    decide_time: datetime | None = None
    return_reason: str = ""
