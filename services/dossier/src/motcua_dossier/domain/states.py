"""The four machines of a dossier, each a table: business, fee, hand-over and report to the national portal.

They are kept apart because they move apart: a dossier may be done and unpaid, or handed over and not yet reported.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from motcua_kit.domain import Machine, transition


class State(IntEnum):
    """Business state; 1 to 10 are the status codes of the national portal (mã trạng thái hồ sơ)."""

    SUBMITTED = 1
    ACCEPTED = 2
    REFUSED = 3
    PROCESSING = 4
    SUPPLEMENT_REQUESTED = 5
    PAYMENT_REQUESTED = 6
    WITHDRAWN = 7
    STOPPED = 8
    COMPLETED = 9
    RETURNED = 10
    DRAFT = 11

    @property
    def clock(self) -> Clock:
        """What the state means for the clock."""
        return CLOCKS[self]

    @property
    def waits_for(self) -> str:
        """Role that must act next; empty when nobody must."""
        return WAITS_FOR.get(self, "")


class Clock(Enum):
    """What a state means for the time limit."""

    NOT_RUNNING = "not_running"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


CLOCKS = {
    State.DRAFT: Clock.NOT_RUNNING,
    State.SUBMITTED: Clock.NOT_RUNNING,
    State.ACCEPTED: Clock.RUNNING,
    State.REFUSED: Clock.ENDED,
    State.PROCESSING: Clock.RUNNING,
    State.SUPPLEMENT_REQUESTED: Clock.PAUSED,
    State.PAYMENT_REQUESTED: Clock.PAUSED,
    State.WITHDRAWN: Clock.ENDED,
    State.STOPPED: Clock.ENDED,
    State.COMPLETED: Clock.ENDED,
    State.RETURNED: Clock.ENDED,
}

WAITS_FOR = {
    State.SUBMITTED: "reception_officer",
    State.ACCEPTED: "unit_head",
    State.PROCESSING: "handler",
    State.SUPPLEMENT_REQUESTED: "citizen",
    State.PAYMENT_REQUESTED: "citizen",
    State.COMPLETED: "clerk",
}

WITHDRAWABLE = (State.SUBMITTED, State.ACCEPTED, State.PROCESSING, State.SUPPLEMENT_REQUESTED, State.PAYMENT_REQUESTED)
"""Submitted and not ended."""

STOPPABLE = (State.PROCESSING, State.SUPPLEMENT_REQUESTED, State.PAYMENT_REQUESTED)

BUSINESS = Machine(
    "dossier",
    "TRANSITION_NOT_ALLOWED",
    [
        transition("Submit", [State.DRAFT], State.SUBMITTED),
        transition("Accept", [State.SUBMITTED], State.ACCEPTED),
        transition("Refuse", [State.SUBMITTED], State.REFUSED),
        transition("StartProcessing", [State.ACCEPTED], State.PROCESSING),
        transition("RequestSupplement", [State.PROCESSING], State.SUPPLEMENT_REQUESTED),
        transition("AnswerSupplement", [State.SUPPLEMENT_REQUESTED], State.PROCESSING),
        transition("RequestPayment", [State.PROCESSING], State.PAYMENT_REQUESTED),
        transition("ConfirmPayment", [State.PAYMENT_REQUESTED], State.PROCESSING),
        transition("Withdraw", WITHDRAWABLE, State.WITHDRAWN),
        transition("Stop", STOPPABLE, State.STOPPED),
        transition("Complete", [State.PROCESSING], State.COMPLETED),
        transition("DeliverResult", [State.COMPLETED], State.RETURNED),
    ],
)


class FinanceState(Enum):
    """State of the fee."""

    NOT_DUE = "not_due"
    UNPAID = "unpaid"
    PAID = "paid"
    REFUNDED = "refunded"


FINANCE = Machine(
    "fee",
    "FINANCE_TRANSITION_NOT_ALLOWED",
    [
        transition("Charge", [FinanceState.NOT_DUE, FinanceState.PAID], FinanceState.UNPAID),
        transition("Pay", [FinanceState.UNPAID], FinanceState.PAID),
        transition("Waive", [FinanceState.UNPAID], FinanceState.NOT_DUE),
        transition("Refund", [FinanceState.PAID], FinanceState.REFUNDED),
    ],
)


class DeliveryState(Enum):
    """State of the hand-over of the result."""

    NOT_READY = "not_ready"
    READY = "ready"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


DELIVERY = Machine(
    "hand-over",
    "DELIVERY_TRANSITION_NOT_ALLOWED",
    [
        transition("Prepare", [DeliveryState.NOT_READY, DeliveryState.FAILED], DeliveryState.READY),
        transition("Send", [DeliveryState.READY], DeliveryState.SENT),
        transition("Deliver", [DeliveryState.READY, DeliveryState.SENT], DeliveryState.DELIVERED),
        transition("Fail", [DeliveryState.SENT], DeliveryState.FAILED),
    ],
)


class SyncState(Enum):
    """State of the report to the national portal (đồng bộ Cổng Dịch vụ công quốc gia)."""

    NONE = "none"
    QUEUED = "queued"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


SYNC = Machine(
    "report",
    "SYNC_TRANSITION_NOT_ALLOWED",
    [
        transition("Queue", SyncState, SyncState.QUEUED),
        transition("Send", [SyncState.QUEUED], SyncState.SENT),
        transition("Acknowledge", [SyncState.SENT], SyncState.ACKNOWLEDGED),
        transition("Fail", [SyncState.SENT], SyncState.FAILED),
    ],
)
