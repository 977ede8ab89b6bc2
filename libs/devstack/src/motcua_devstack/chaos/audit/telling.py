"""By what notify can be seen to have told of an event, and to have delivered what it queued."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from motcua_devstack.chaos.audit.stores import Audited
from motcua_kit.events import ReceivedEvent
from motcua_notify.adapters.collections import NOTIFICATIONS
from motcua_notify.domain.notification import OPEN
from motcua_notify.domain.trigger import RecipientKind, Trigger

PATIENCE = timedelta(minutes=1)
"""A message that is due longer than this on a quiet suite waits for nobody."""


def was_told(audited: Audited, event: ReceivedEvent) -> str:
    """Each row of the trigger table that the event sets off has its notifications, one a person and channel."""
    queued: dict[str, list[str]] = {}
    for one in audited.collection("notify", NOTIFICATIONS.name).find({"event_id": event.id, "fallback_of": None}):
        queued.setdefault(one["recipient"], []).append(one["channel"])
    library = audited.library
    triggered = library.triggered(event.type, event.data, library.local_day(event.time))
    return _applicants(triggered, event, queued) or _officers(triggered, queued)


def _applicants(triggered: Iterable[Trigger], event: ReceivedEvent, queued: dict[str, list[str]]) -> str:
    for trigger in triggered:
        if trigger.recipients.kind is RecipientKind.APPLICANT:
            person = trigger.target(event.type, event.data)
            if missing := set(trigger.channels) - set(queued.get(person, ())):
                return f"{trigger.id}: {person} was not told by {', '.join(sorted(missing))}"
    return ""


def _officers(triggered: Iterable[Trigger], queued: dict[str, list[str]]) -> str:
    """Who holds which post is identity's to say; but whoever was told was told by all channels, and somebody was."""
    triggers = [trigger for trigger in triggered if trigger.recipients.kind is not RecipientKind.APPLICANT]
    officers = {person: set(channels) for person, channels in queued.items() if person.startswith("officers/")}
    for trigger in triggers:
        if trigger.recipients.kind is RecipientKind.AGENCY and not officers:
            return f"{trigger.id}: nobody was told"
    for person, channels in officers.items():
        if not any(set(trigger.channels) <= channels for trigger in triggers):
            return f"{person} was told by {', '.join(sorted(channels))} only"
    return ""


def was_delivered(audited: Audited, event: ReceivedEvent) -> str:
    """A queued notification has come to its end, or waits for a time that has not come."""
    notification = audited.find("notify", NOTIFICATIONS.name, event.subject)
    if notification is None:
        return "there is no such notification"
    if notification["state"] not in OPEN or notification["next_attempt_time"] > audited.now - PATIENCE:
        return ""
    return f"it is {notification['state']} and was due at {notification['next_attempt_time']:%Y-%m-%d %H:%M:%S}"
