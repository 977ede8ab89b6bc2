"""The state machine of a notification, driven against its table."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from motcua_kit.domain import IllegalTransition
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.notification import (
    KEPT_ATTEMPTS,
    NEXT,
    OPEN,
    DeliveryProof,
    Notification,
    Outcome,
    State,
    notification_id,
)
from motcua_notify.domain.policy import Backoff

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TIMEOUT = timedelta(seconds=45)
BACKOFF = Backoff(first_seconds=5, factor=2, longest_seconds=900)


def queued(now: datetime = START) -> Notification:
    notification = Notification(
        id=notification_id("dossiers/1#2.0", "accounts/an", Channel.SMS),
        event_id="dossiers/1#2.0",
        event_type="dossier.accepted",
        event_time=now,
        subject="dossiers/1",
        recipient="accounts/an",
        channel=Channel.SMS,
        template="dossier-accepted",
        template_version="1",
        legal_notice=True,
        topic="dossier-status",
        optional=False,
        variables={},
    )
    notification.queue(now)
    return notification


def proof(now: datetime, status: State = State.ACCEPTED) -> DeliveryProof:
    return DeliveryProof(Channel.SMS, "p1", now, status, "+84******567", 1)


def test_the_id_is_one_for_each_event_person_and_channel() -> None:
    ids = {
        notification_id(event, person, channel)
        for event in ("dossiers/1#2.0", "dossiers/1#3.0")
        for person in ("accounts/an", "accounts/binh")
        for channel in Channel
    }
    assert len(ids) == 2 * 2 * 3
    assert notification_id("dossiers/1#2.0", "accounts/an", Channel.SMS) in ids


def test_a_queued_notification_says_so_once() -> None:
    (event,) = queued().take_events()
    assert (event.type, vars(event)["channel"]) == ("notification.queued", Channel.SMS)


def test_two_workers_do_not_take_the_same_attempt() -> None:
    notification = queued()
    notification.begin(START, TIMEOUT)
    with pytest.raises(IllegalTransition) as refusal:
        notification.begin(START + TIMEOUT - timedelta(seconds=1), TIMEOUT)
    assert refusal.value.reason == "TRANSITION_NOT_ALLOWED"
    notification.begin(START + TIMEOUT, TIMEOUT)  # the first worker is taken for dead


def test_nothing_is_sent_before_its_time() -> None:
    notification = queued(START + timedelta(hours=8))
    with pytest.raises(IllegalTransition):
        notification.begin(START, TIMEOUT)


@pytest.mark.parametrize("state", [state for state in State if state not in OPEN])
def test_what_is_final_stays_final(state: State) -> None:
    assert NEXT[state] == frozenset()
    notification = queued()
    notification.state = state
    steps: list[Callable[[], None]] = [
        lambda: notification.begin(START, TIMEOUT),
        lambda: notification.accept(proof(START)),
        lambda: notification.retry_later(START, "x", BACKOFF),
        lambda: notification.fail(START, "x"),
        lambda: notification.suppress(START, "x"),
        lambda: notification.postpone(START),
    ]
    for step in steps:
        with pytest.raises(IllegalTransition):
            step()
    assert notification.state is state
    assert notification.attempts == []


def test_the_same_news_over_another_channel_is_another_notification_of_the_same_event() -> None:
    first = queued()
    second = first.stand_in(Channel.EMAIL)
    assert second.id == notification_id(first.event_id, first.recipient, Channel.EMAIL)
    assert (second.state, second.fallback_of, second.attempt_count) == (State.QUEUED, Channel.SMS, 0)
    differing = {name for name, value in vars(first).items() if vars(second)[name] != value}
    assert differing == {"id", "channel", "fallback_of", "next_attempt_time", "_events"}


class Machine(RuleBasedStateMachine):
    """Any order of attempts, outages, refusals and deaths of workers."""

    @initialize()
    def begin(self) -> None:
        self.now = START
        self.notification = queued()
        self.outages = 0
        self.attempts = 0

    @rule(seconds=st.integers(min_value=0, max_value=100_000))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.notification.state in OPEN)
    @rule()
    def a_worker_takes_it(self) -> None:
        due = self.notification.next_attempt_time
        assert due is not None
        if due <= self.now:
            self.notification.begin(self.now, TIMEOUT)
            assert self.notification.state is State.SENDING
        else:
            with pytest.raises(IllegalTransition):
                self.notification.begin(self.now, TIMEOUT)

    @precondition(lambda self: self.notification.state is State.SENDING)
    @rule()
    def the_provider_is_down(self) -> None:
        self.notification.retry_later(self.now, "smtp-421", BACKOFF)
        self.outages += 1
        self.attempts += 1
        due = self.notification.next_attempt_time
        assert due is not None
        assert self.now < due <= self.now + timedelta(seconds=900)

    @precondition(lambda self: self.notification.state is State.SENDING)
    @rule(status=st.sampled_from([State.ACCEPTED, State.DELIVERED]))
    def the_provider_takes_it(self, status: State) -> None:
        self.notification.accept(proof(self.now, status))
        self.attempts += 1

    @precondition(lambda self: self.notification.state is State.SENDING)
    @rule()
    def the_provider_refuses_it(self) -> None:
        self.notification.fail(self.now, "smtp-550")
        self.attempts += 1

    @invariant()
    def it_waits_for_something_or_is_done(self) -> None:
        assert (self.notification.next_attempt_time is not None) == (self.notification.state in OPEN)

    @invariant()
    def proof_is_there_exactly_when_it_was_taken_over(self) -> None:
        taken = self.notification.state in (State.ACCEPTED, State.DELIVERED)
        assert (self.notification.proof is not None) == taken

    @invariant()
    def the_list_of_attempts_is_bounded_and_their_number_is_right(self) -> None:
        assert self.notification.attempt_count == self.attempts
        assert len(self.notification.attempts) == min(self.attempts, KEPT_ATTEMPTS + 1)
        assert self.notification.failures == self.outages
        if self.notification.state is State.FAILED:
            assert self.notification.attempts[-1].outcome is Outcome.REJECTED


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestNotificationStates = Machine.TestCase
