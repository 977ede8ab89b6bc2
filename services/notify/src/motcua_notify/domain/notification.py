"""A notification: one message to one person over one channel because of one event, and what became of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from motcua_kit.domain import Aggregate, Event, IllegalTransition, Machine, transition
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.policy import Backoff

NAMESPACE = uuid.UUID("6f3f1c52-54a5-5d0f-9a55-0d1f8f0a7c11")
KEPT_ATTEMPTS = 20


class State(StrEnum):
    """Where a notification stands."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


OPEN = (State.QUEUED, State.SENDING)
"""States in which something is still to be done."""

NEXT: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING}),
    # A worker that dies while sending leaves the state behind; the next one starts over.
    State.SENDING: frozenset(
        {State.SENDING, State.QUEUED, State.ACCEPTED, State.DELIVERED, State.FAILED, State.SUPPRESSED}
    ),
    State.ACCEPTED: frozenset(),
    State.DELIVERED: frozenset(),
    State.FAILED: frozenset(),
    State.SUPPRESSED: frozenset(),
}
"""The whole state machine."""

MACHINE = Machine(
    "notification",
    "TRANSITION_NOT_ALLOWED",
    [transition(after.value, [before for before in State if after in NEXT[before]], after) for after in State],
)
"""The same as a table, in which a step is called like the state that it leads to."""


class Outcome(StrEnum):
    """How an attempt ended."""

    ACCEPTED = "accepted"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"


@dataclass(frozen=True)
class DeliveryAttempt:
    """One attempt at handing a message to its provider; `code` is the provider's or that of the check that failed."""

    time: datetime
    outcome: Outcome
    code: str = ""


@dataclass(frozen=True)
class DeliveryProof:
    """Proof that a message left the City (chứng cứ gửi thông báo).

    Attributes:
        channel: channel it went over.
        provider_id: id that the provider knows the message by.
        time: when the provider took it.
        status: state that the provider reported.
        masked_address: address with its middle hidden; empty for the inbox.
        segments: short-message segments charged.
        language_code: language that was sent.
    """

    channel: Channel
    provider_id: str
    time: datetime
    status: State
    masked_address: str = ""
    segments: int = 0
    language_code: str = "vi"


@dataclass(frozen=True)
class NotificationQueued(Event):
    """A notification waits for its delivery."""

    type: ClassVar[str] = "notification.queued"

    notification: str
    channel: Channel


def notification_id(event_id: str, recipient: str, channel: Channel) -> str:
    """Return the id that makes a notification unique: one an event, person and channel."""
    return uuid.uuid5(NAMESPACE, f"{event_id}|{recipient}|{channel}").hex


@dataclass(kw_only=True)
class Notification(Aggregate):
    """One message to one person over one channel. Holds no address and no text.

    Attributes:
        event_id: event that caused it.
        event_type: type of that event.
        event_time: when it happened.
        subject: resource that the event is about.
        recipient: `accounts/x` or `officers/x`.
        channel: channel it goes over.
        template: id of the template.
        template_version: version it was queued under.
        legal_notice: whether it is an official notice.
        topic: what a person may opt out of.
        optional: whether they may.
        variables: what the event gives the template; resource names and facts, no personal data.
        fallback_of: channel whose failure caused it; None when the event did.
        state: where it stands.
        next_attempt_time: earliest time of the next attempt; None in a final state.
        attempts: the first attempt and the latest ones.
        attempt_count: number of all attempts.
        failures: attempts in a row that found the provider down.
        proof: proof of delivery.
    """

    event_id: str
    event_type: str
    event_time: datetime
    subject: str
    recipient: str
    channel: Channel
    template: str
    template_version: str
    legal_notice: bool
    topic: str
    optional: bool
    variables: dict[str, Any]
    fallback_of: Channel | None = None
    state: State = State.QUEUED
    next_attempt_time: datetime | None = None
    attempts: list[DeliveryAttempt] = field(default_factory=list)
    attempt_count: int = 0
    failures: int = 0
    proof: DeliveryProof | None = None

    @property
    def name(self) -> str:
        """Resource name."""
        return f"notifications/{self.id}"

    def queue(self, release: datetime) -> None:
        """Note when it may go out, and say that it waits."""
        self.next_attempt_time = release
        self.record(NotificationQueued(notification=self.name, channel=self.channel))

    def postpone(self, release: datetime) -> None:
        """Let it wait longer, e.g. because quiet hours have begun since it was queued.

        Raises:
            IllegalTransition: it does not wait.
        """
        if self.state is not State.QUEUED:
            raise self._illegal("postpone")
        self.next_attempt_time = release

    def begin(self, now: datetime, timeout: timedelta) -> None:
        """Take it for one attempt; another worker may do so again after `timeout`.

        Raises:
            IllegalTransition: it is final, its time has not come, or another worker has it.
        """
        if self.state not in OPEN or self.next_attempt_time is None or self.next_attempt_time > now:
            raise self._illegal("begin")
        self._enter(State.SENDING)
        self.next_attempt_time = now + timeout

    def accept(self, proof: DeliveryProof) -> None:
        """Note that the provider took it, with the proof."""
        self._enter(proof.status)
        self._attempted(DeliveryAttempt(proof.time, Outcome.ACCEPTED))
        self.proof = proof
        self.next_attempt_time = None

    def retry_later(self, now: datetime, code: str, backoff: Backoff) -> None:
        """Note that the provider is down. However long that lasts, the message waits and is tried again."""
        self._enter(State.QUEUED)
        self._attempted(DeliveryAttempt(now, Outcome.UNAVAILABLE, code))
        self.failures += 1
        self.next_attempt_time = now + backoff.pause(self.failures)

    def fail(self, now: datetime, code: str) -> None:
        """Note that it cannot be delivered over this channel."""
        self._enter(State.FAILED)
        self._attempted(DeliveryAttempt(now, Outcome.REJECTED, code))
        self.next_attempt_time = None

    def suppress(self, now: datetime, code: str) -> None:
        """Note that it is not sent on purpose, and why."""
        self._enter(State.SUPPRESSED)
        self._attempted(DeliveryAttempt(now, Outcome.REJECTED, code))
        self.next_attempt_time = None

    def stand_in(self, channel: Channel) -> Notification:
        """Return the notification that tells the same over another channel."""
        return Notification(
            id=notification_id(self.event_id, self.recipient, channel),
            event_id=self.event_id,
            event_type=self.event_type,
            event_time=self.event_time,
            subject=self.subject,
            recipient=self.recipient,
            channel=channel,
            template=self.template,
            template_version=self.template_version,
            legal_notice=self.legal_notice,
            topic=self.topic,
            optional=self.optional,
            variables=self.variables,
            fallback_of=self.channel,
        )

    def _enter(self, state: State) -> None:
        if MACHINE.reach(self.state, state.value) is None:
            raise self._illegal(state.value)
        self.state = state

    def _attempted(self, attempt: DeliveryAttempt) -> None:
        self.attempt_count += 1
        self.attempts.append(attempt)
        if len(self.attempts) > KEPT_ATTEMPTS + 1:
            del self.attempts[1]  # the first says since when, the latest say how it stands

    def _illegal(self, step: str) -> IllegalTransition:
        return IllegalTransition(
            "TRANSITION_NOT_ALLOWED",
            f"a notification that is {self.state} cannot {step} now",
            resource=self.name,
            state=self.state.value,
        )
