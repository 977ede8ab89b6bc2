"""How notifications follow from their histories. An attempt is one action, whatever came of it."""

from __future__ import annotations

from motcua_kit.store import STAYS, Life, Track
from motcua_notify.adapters.collections import NOTIFICATIONS
from motcua_notify.domain.notification import MACHINE, Notification, State

_ATTEMPT = [STAYS, *(state.value for state in State)]

LIVES = (
    Life(
        NOTIFICATIONS.name,
        Notification,
        [Track("state", MACHINE, State.QUEUED, {"notify.deliver": _ATTEMPT, "notify.sweep": _ATTEMPT})],
    ),
)
