"""How dossiers and consultations follow from their histories: which action takes which step of which table."""

from __future__ import annotations

from collections.abc import Sequence

from motcua_dossier.adapters.collections import CONSULTATIONS, DOSSIERS
from motcua_dossier.domain.consultation import CONSULTATION, Consultation, ConsultationState
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.states import (
    BUSINESS,
    DELIVERY,
    FINANCE,
    SYNC,
    DeliveryState,
    FinanceState,
    State,
    SyncState,
)
from motcua_kit.store import STAYS, HistoryEntry, Life, Track

_EXPIRE = "dossier.expire_supplements"
"""Finds a dossier that may have been answered when its turn comes."""

_MOVES = {
    "SubmitDossier": ["Submit"],
    "AcceptDossier": ["Accept"],
    "RefuseDossier": ["Refuse"],
    "StartProcessing": ["StartProcessing"],
    "RequestSupplement": ["RequestSupplement"],
    "AnswerSupplement": ["AnswerSupplement"],
    "RequestPayment": ["RequestPayment"],
    "ConfirmPayment": ["ConfirmPayment"],
    "WithdrawDossier": ["Withdraw"],
    "StopDossier": ["Stop"],
    _EXPIRE: ["Stop", STAYS],
    "CompleteDossier": ["Complete"],
    "DeliverResult": ["DeliverResult"],
    "dossier.deliver_result": ["DeliverResult"],
}
_FEES = {
    "AcceptDossier": ["Charge", STAYS],
    "RequestPayment": ["Charge", STAYS],
    "ConfirmPayment": ["Pay"],
    **{action: ["Waive", STAYS] for action in ("RefuseDossier", "WithdrawDossier", "StopDossier", _EXPIRE)},
}
_HAND_OVER = {
    "CompleteDossier": ["Prepare"],
    "DeliverResult": ["Deliver"],
    "dossier.deliver_result": ["Deliver"],
}
_REPORT = {action: ["Queue", *(step for step in steps if step == STAYS)] for action, steps in _MOVES.items()}


def _place(dossier: Dossier, history: Sequence[HistoryEntry]) -> None:
    """Give a dossier its place in queues and searches; before it has a due time, by when it came into its state."""
    moves = [entry.time for entry in history if entry.action in _MOVES]
    dossier.place(moves[-1] if moves else history[0].time)


LIVES = (
    Life(
        DOSSIERS,
        Dossier,
        [
            Track("state", BUSINESS, State.DRAFT, _MOVES),
            Track("finance_state", FINANCE, FinanceState.NOT_DUE, _FEES),
            Track("delivery_state", DELIVERY, DeliveryState.NOT_READY, _HAND_OVER),
            Track("sync_state", SYNC, SyncState.NONE, _REPORT),
        ],
        _place,
    ),
    Life(
        CONSULTATIONS,
        Consultation,
        [
            Track(
                "state",
                CONSULTATION,
                ConsultationState.REQUESTED,
                {"AnswerConsultation": ["Answer"], "dossier.lapse_consultations": ["Lapse", "Cancel", STAYS]},
            )
        ],
    ),
)
