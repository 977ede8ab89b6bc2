"""Notifications against what the providers took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import requests

from motcua_devstack.chaos.audit.findings import Sheet
from motcua_devstack.chaos.audit.stores import Audited
from motcua_kit.store.connection import Document
from motcua_notify.adapters.collections import MESSAGES, NOTIFICATIONS
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.notification import OPEN, State

SENT = (State.ACCEPTED, State.DELIVERED)
LISTS = {Channel.SMS: "messages", Channel.EMAIL: "emails"}
"""Where the sink lists what it took over each channel."""

ATTEMPTS = frozenset({"notify.deliver", "notify.sweep"})
SECONDS = 10.0


def check(audited: Audited, sheet: Sheet) -> None:
    """Hold the notifications against the inboxes and the sink."""
    sent: dict[Channel, dict[str, Document]] = {channel: {} for channel in Channel}
    waiting: dict[Channel, set[str]] = {channel: set() for channel in Channel}
    fields = {"channel": 1, "state": 1, "history.action": 1}
    for notification in audited.collection("notify", NOTIFICATIONS.name).find({}, fields):
        sheet.saw()
        channel, state = Channel(notification["channel"]), State(notification["state"])
        if state in SENT:
            sent[channel][notification["_id"]] = notification
        elif state in OPEN:  # a provider may have taken it and not said so yet
            waiting[channel].add(notification["_id"])
    inbox = audited.collection("notify", MESSAGES.name).find({}, {"_id": 1})
    _compare(sheet, Channel.INBOX, sent, waiting, (message["_id"] for message in inbox))
    if not audited.sink:
        sheet.tell("channels without a sink to ask", ", ".join(LISTS))
        return
    for channel, listed in LISTS.items():
        taken = _taken(f"{audited.sink}/{listed}", listed)
        _compare(sheet, channel, sent, waiting, taken)
        _judge_repeats(sheet, sent[channel], {key: row["repeats"] for key, row in taken.items()})


def _taken(url: str, listed: str) -> dict[str, Any]:
    """What the sink took over a channel, by id of the notification."""
    answer = requests.get(url, timeout=SECONDS)
    answer.raise_for_status()
    return {row["key"]: row for row in answer.json()[listed]}


def _compare(
    sheet: Sheet,
    channel: Channel,
    sent: dict[Channel, dict[str, Document]],
    waiting: dict[Channel, set[str]],
    taken: Iterable[str],
) -> None:
    counted = Counter(taken)
    for identity in sent[channel].keys() - counted.keys():
        sheet.blame(f"notifications/{identity}", f"is said to be sent by {channel}, and nobody has it")
    for identity in counted.keys() - sent[channel].keys():
        if identity in waiting[channel]:
            sheet.tell("taken and not yet acknowledged", f"notifications/{identity}")
        else:
            sheet.blame(f"notifications/{identity}", f"went out by {channel}, and nothing says that it was sent")


def _judge_repeats(sheet: Sheet, sent: dict[str, Document], repeats: dict[str, int]) -> None:
    """A provider that did not acknowledge in time is asked again; without a second attempt there is no repeat."""
    for identity, notification in sent.items():
        if times := repeats.get(identity, 0):
            # Each attempt begins with a change; one that came to an end has another.
            begun = sum(change["action"] in ATTEMPTS for change in notification["history"]) - 1
            if times >= begun:
                sheet.blame(f"notifications/{identity}", f"was sent {1 + times} times in {begun} attempts")
            else:
                sheet.tell("sent again because nobody acknowledged", f"notifications/{identity}")
