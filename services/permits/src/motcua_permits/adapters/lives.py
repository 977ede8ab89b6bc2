"""How applications and permits follow from their histories: which action takes which step of which table."""

from __future__ import annotations

from collections.abc import Sequence

from motcua_kit.store import STAYS, HistoryEntry, Life, Track
from motcua_permits.adapters.collections import APPLICATIONS, PERMITS
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.permit import ISSUING, Permit, PermitState
from motcua_permits.domain.states import STEPS, ApplicationState

_BY_OFFICERS = (
    "RunChecks",
    "ReviewChecklist",
    "RequestConsultation",
    "RequestSupplement",
    "ProposeDecision",
    "ReturnProposal",
    "ApproveApplication",
    "RefuseApplication",
)
_MOVES = {
    **{action: [action] for action in _BY_OFFICERS},
    "permits.run_checks": ["RunChecks"],
    "permits.request_supplement": ["DropSupplement", STAYS],
    "permits.take_supplement": ["TakeSupplement", STAYS],
    "permits.issue_permit": ["Number", "Issue"],
    "permits.close_application": ["Close", STAYS],
}


def _queue(application: PermitApplication, _history: Sequence[HistoryEntry]) -> None:
    application.queue()


LIVES = (
    Life(
        APPLICATIONS,
        PermitApplication,
        [Track("state", STEPS, ApplicationState.OPENED, _MOVES)],
        _queue,
        resource="permitApplications",
    ),
    Life(PERMITS, Permit, [Track("state", ISSUING, PermitState.NUMBERED, {"permits.issue_permit": ["Issue"]})]),
)
