"""States of an application for a building permit, and the steps that take it from one to the next.

OPENED ──checks──▶ UNDER_REVIEW ◀─supplement─▶ SUPPLEMENT_REQUESTED
                    │      ▲
              propose      return
                    ▼      │
                    PROPOSED ──approve──▶ APPROVED ──issue──▶ ISSUED
                         └───refuse───▶ REFUSED
CLOSED from every state before the number is given, when the dossier is withdrawn or stopped.
"""

from __future__ import annotations

from enum import StrEnum

from motcua_kit.domain import Machine, transition


class ApplicationState(StrEnum):
    """Where an application stands."""

    OPENED = "OPENED"
    UNDER_REVIEW = "UNDER_REVIEW"
    SUPPLEMENT_REQUESTED = "SUPPLEMENT_REQUESTED"
    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    ISSUED = "ISSUED"
    REFUSED = "REFUSED"
    CLOSED = "CLOSED"


class AwaitedRole(StrEnum):
    """Whose move an application waits for."""

    UNSPECIFIED = "UNSPECIFIED"
    SYSTEM = "SYSTEM"
    HANDLER = "HANDLER"
    APPLICANT = "APPLICANT"
    LEADER = "LEADER"


AWAITED = {
    ApplicationState.OPENED: AwaitedRole.SYSTEM,
    ApplicationState.UNDER_REVIEW: AwaitedRole.HANDLER,
    ApplicationState.SUPPLEMENT_REQUESTED: AwaitedRole.APPLICANT,
    ApplicationState.PROPOSED: AwaitedRole.LEADER,
    ApplicationState.APPROVED: AwaitedRole.SYSTEM,
    ApplicationState.ISSUED: AwaitedRole.UNSPECIFIED,
    ApplicationState.REFUSED: AwaitedRole.UNSPECIFIED,
    ApplicationState.CLOSED: AwaitedRole.UNSPECIFIED,
}
"""Whose move each state waits for."""

_OPENED, _REVIEW, _SUPPLEMENT = (
    ApplicationState.OPENED,
    ApplicationState.UNDER_REVIEW,
    ApplicationState.SUPPLEMENT_REQUESTED,
)
_PROPOSED, _APPROVED, _ISSUED = ApplicationState.PROPOSED, ApplicationState.APPROVED, ApplicationState.ISSUED

STEPS = Machine(
    "application",
    "TRANSITION_NOT_ALLOWED",
    [
        transition("RunChecks", [_OPENED, _REVIEW], _REVIEW),
        transition("ReviewChecklist", [_REVIEW], _REVIEW),
        transition("RequestConsultation", [_REVIEW], _REVIEW),
        transition("RequestSupplement", [_REVIEW], _SUPPLEMENT),
        transition("DropSupplement", [_SUPPLEMENT], _REVIEW),
        # The one-stop may ask the applicant by itself, so the answer may come to whoever has not asked.
        transition("TakeSupplement", [_OPENED, _REVIEW, _SUPPLEMENT], _REVIEW),
        transition("ProposeDecision", [_REVIEW], _PROPOSED),
        transition("ReturnProposal", [_PROPOSED], _REVIEW),
        transition("ApproveApplication", [_PROPOSED], _APPROVED),
        transition("RefuseApplication", [_PROPOSED], ApplicationState.REFUSED),
        transition("Number", [_APPROVED], _APPROVED),
        transition("Issue", [_APPROVED, _ISSUED], _ISSUED),
        transition(
            "Close",
            [_OPENED, _REVIEW, _SUPPLEMENT, _PROPOSED, _APPROVED, ApplicationState.CLOSED],
            ApplicationState.CLOSED,
        ),
    ],
)
