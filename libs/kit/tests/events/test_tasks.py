"""Handlers in a real Celery worker: retried, given up, kept, replayed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from pymongo.errors import AutoReconnect, NetworkTimeout, OperationFailure

from motcua_client import wait_for
from motcua_kit.command import Command
from motcua_kit.domain import Conflict, DependencyDown, Forbidden, IllegalTransition, NotFound, StaleVersion
from motcua_kit.events import DeadLetters, NotYet, ReceivedEvent, Relay, Tasks
from motcua_kit.events.tasks import MAX_ATTEMPTS, MAX_DELAY_SECONDS, Runner, register, retry_delay

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WIRE = {
    "id": "things/1#1.0",
    "type": "thing.opened",
    "subject": "things/1",
    "time": "2026-11-23T09:00:00+07:00",
    "data": {"number": 1},
}
PATIENCE = 30.0


class Handled:
    """What a handler was called with, and what it does: the next of the outcomes, and nothing after the last."""

    def __init__(self, *outcomes: Exception) -> None:
        self.outcomes = list(outcomes)
        self.calls: list[tuple[ReceivedEvent, Command]] = []
        self.done = threading.Event()

    def __call__(self, event: ReceivedEvent, command: Command) -> None:
        self.calls.append((event, command))
        if self.outcomes:
            raise self.outcomes.pop(0)
        self.done.set()


@contextmanager
def worker(bench: Any, **handlers: Callable[..., None]) -> Iterator[Tasks]:
    tasks = Tasks(bench.service)
    for name, handler in handlers.items():
        tasks.on_event(f"{bench.service}.{name}")(handler)
    runner = Runner(tasks, DeadLetters(bench.store), lambda: NOW)
    register(bench.app, dict.fromkeys(tasks.names, f"{bench.service}.default"), lambda: runner)
    queues = [f"{bench.service}.default", f"{bench.service}.slow"]
    with start_worker(bench.app, pool="solo", perform_ping_check=False, queues=queues, loglevel="ERROR"):
        yield tasks


def send(bench: Any, name: str, wire: dict[str, Any] | None = None) -> None:
    bench.app.send_task(f"{bench.service}.{name}", kwargs={"event": wire or WIRE}, queue=f"{bench.service}.default")


# ---- names and commands --------------------------------------------------------------------------------------------


def test_task_names_belong_to_the_service_and_are_given_once() -> None:
    tasks = Tasks("land")
    tasks.on_event("land.take")(lambda *_: None)
    with pytest.raises(ValueError, match="given once"):
        tasks.periodic("land.take")(lambda _: None)
    with pytest.raises(ValueError, match=r"begin with land\."):
        tasks.on_event("permits.take")(lambda *_: None)
    assert tasks.names == {"land.take"}


def test_a_handler_gets_the_event_and_a_command_that_repeats_with_it() -> None:
    handled = Handled()
    tasks = Tasks("land")
    tasks.on_event("land.take")(handled)
    for _ in range(2):
        tasks.run("land.take", WIRE, lambda: NOW.replace(microsecond=123_456))
    (event, command), (_, repeated) = handled.calls
    assert event == ReceivedEvent("things/1#1.0", "thing.opened", "things/1", NOW, {"number": 1})
    assert (command.name, command.actor, command.request_id) == ("land.take", "services/land", event.id)
    assert command.time == NOW.replace(microsecond=123_000)
    assert (repeated.key, repeated.fingerprint) == (command.key, command.fingerprint)


def test_a_periodic_handler_gets_a_command_that_is_no_repeat() -> None:
    seen: list[Command] = []
    tasks = Tasks("land")
    tasks.periodic("land.sweep")(seen.append)
    tasks.run("land.sweep", None, lambda: NOW)
    assert (seen[0].key, seen[0].time) == ("", NOW)


# ---- patience ------------------------------------------------------------------------------------------------------


OUTAGES = [
    AutoReconnect(),
    NetworkTimeout(),
    DependencyDown("DEPENDENCY_DOWN", "down"),
    OperationFailure("its disk is full", 14031),
]


@pytest.mark.parametrize("error", OUTAGES)
def test_outages_are_waited_out_however_long(error: Exception) -> None:
    for attempt in (1, 10, 10_000):
        delay = retry_delay(error, attempt)
        assert delay is not None
        assert 0 < delay <= MAX_DELAY_SECONDS


@pytest.mark.parametrize("error", [IllegalTransition("R", "m"), NotFound(), Forbidden("R", "m")])
def test_what_the_domain_refuses_is_not_tried_again(error: Exception) -> None:
    assert retry_delay(error, 1) is None


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (Conflict("R", "m"), MAX_ATTEMPTS),
        (StaleVersion("R", "m"), MAX_ATTEMPTS),
        (KeyError("bug"), MAX_ATTEMPTS),
        (OperationFailure("a request that is wrong", 9), MAX_ATTEMPTS),
        (NotYet(), 2 * MAX_ATTEMPTS),
        (OperationFailure("something inside", 1), 2 * MAX_ATTEMPTS),
    ],
)
def test_the_rest_gets_some_patience(error: Exception, attempts: int) -> None:
    tried = [retry_delay(error, attempt) is not None for attempt in range(1, attempts + 1)]
    assert tried == [True] * (attempts - 1) + [False]


def test_the_wait_grows() -> None:
    late = [retry_delay(KeyError(), MAX_ATTEMPTS - 1) or 0 for _ in range(20)]
    early = [retry_delay(KeyError(), 1) or 0 for _ in range(20)]
    assert max(early) < min(late)


# ---- in a worker ---------------------------------------------------------------------------------------------------


def test_from_the_outbox_to_the_handler(bench: Any) -> None:
    first, second = Handled(), Handled()
    bench.add("1")
    with worker(bench, first=first, second=second):
        Relay(bench.store, bench.topology, bench.app).sweep()
        assert first.done.wait(PATIENCE)
        assert second.done.wait(PATIENCE)
    assert [event.id for event, _ in first.calls] == ["things/1#1.0"]
    assert DeadLetters(bench.store).count() == 0


def test_a_handler_is_run_again_until_what_it_needs_is_there(bench: Any) -> None:
    handled = Handled(NotYet(), AutoReconnect(), StaleVersion("ETAG_MISMATCH", "changed"))
    with worker(bench, first=handled):
        send(bench, "first")
        assert handled.done.wait(PATIENCE)
    assert len(handled.calls) == 4
    assert len({command.key for _, command in handled.calls}) == 1
    assert DeadLetters(bench.store).count() == 0


def test_what_is_refused_is_kept_and_done_when_replayed(bench: Any) -> None:
    refused = Handled(IllegalTransition("CLOSED", "the thing is closed"))
    behind = Handled()
    letters = DeadLetters(bench.store)
    with worker(bench, first=refused, second=behind):
        send(bench, "first")
        send(bench, "second")
        assert behind.done.wait(PATIENCE)  # one queue: the first was dealt with before
        (letter,) = letters.all()
        assert letter.id == f"{bench.service}.first:things/1#1.0"
        assert (letter.task, letter.queue) == (f"{bench.service}.first", f"{bench.service}.default")
        assert (letter.event, letter.attempts, letter.time) == (WIRE, 1, NOW)
        assert "CLOSED: the thing is closed" in letter.error
        assert letters.replay(bench.app, "another") == 0
        assert letters.replay(bench.app, letter.id) == 1
        assert refused.done.wait(PATIENCE)
    assert letters.count() == 0
    assert [event.id for event, _ in refused.calls] == ["things/1#1.0"] * 2


def test_an_event_at_which_the_database_fails_every_time_is_kept(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motcua_kit.events.tasks.MAX_DELAY_SECONDS", 0.01)
    poison = Handled(*[OperationFailure("something inside", 1)] * 3 * MAX_ATTEMPTS)
    letters = DeadLetters(bench.store)
    with worker(bench, first=poison):
        send(bench, "first")
        wait_for(letters.count, bool, PATIENCE, "a dead letter")
    (letter,) = letters.all()
    assert (letter.task, letter.attempts) == (f"{bench.service}.first", 2 * MAX_ATTEMPTS)
    assert len(poison.calls) == 2 * MAX_ATTEMPTS


def test_an_event_that_dies_again_is_one_letter_with_the_newer_reason(bench: Any) -> None:
    letters = DeadLetters(bench.store)
    for error, attempts in ((KeyError("older"), 8), (KeyError("newer"), 9)):
        letters.keep("t.first", "t.default", WIRE, error, attempts, NOW)
    (letter,) = letters.all()
    assert "newer" in letter.error
    assert letter.attempts == 9


def test_an_event_that_dies_again_while_it_is_replayed_is_kept(bench: Any) -> None:
    letters = DeadLetters(bench.store)

    class Refusing:
        """A broker whose worker is faster than the operator."""

        def send_task(self, task: str, kwargs: dict[str, Any], queue: str) -> None:
            letters.keep(task, queue, kwargs["event"], KeyError("again"), 1, NOW)

    letters.keep("t.first", "t.default", WIRE, KeyError("once"), 1, NOW)
    broker: Any = Refusing()
    assert letters.replay(broker) == 1
    (letter,) = letters.all()
    assert "again" in letter.error


def test_all_letters_are_replayed_in_order(bench: Any) -> None:
    letters = DeadLetters(bench.store)
    queue = f"{bench.service}.default"
    for number in (2, 1):
        wire = {**WIRE, "id": f"things/1#{number}.0"}
        letters.keep("t.first", queue, wire, KeyError(), 8, NOW.replace(hour=number))
    assert letters.replay(bench.app) == 2
    assert [task["event"]["id"] for task in bench.received(queue)] == ["things/1#1.0", "things/1#2.0"]
    assert letters.count() == 0


def test_a_letter_stays_while_the_broker_does_not_take_it(bench: Any, own_broker: Any, make_bench: Any) -> None:
    url, server = own_broker
    mine = make_bench(bench.store, url, bench.service)
    mine.app.conf.task_publish_retry = False
    letters = DeadLetters(bench.store)
    letters.keep("t.first", f"{bench.service}.default", WIRE, KeyError(), 8, NOW)
    server.kill()
    with pytest.raises(Exception, match="onnection"):
        letters.replay(mine.app)
    assert letters.count() == 1
    mine.app.close()


@pytest.mark.parametrize("error", [AutoReconnect("the database is away"), OperationFailure("its disk is full", 14031)])
def test_an_event_whose_letter_cannot_be_kept_is_not_lost(
    bench: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    refused = Handled(IllegalTransition("CLOSED", "closed"), IllegalTransition("CLOSED", "closed"))
    kept = threading.Event()
    keep = DeadLetters.keep

    def broken_once(self: DeadLetters, *arguments: Any) -> None:
        if len(refused.calls) == 1:
            raise error
        keep(self, *arguments)
        kept.set()

    monkeypatch.setattr(DeadLetters, "keep", broken_once)
    monkeypatch.setattr("motcua_kit.events.tasks.MAX_DELAY_SECONDS", 0.1)
    with worker(bench, first=refused):
        send(bench, "first")
        assert kept.wait(PATIENCE)
    assert DeadLetters(bench.store).count() == 1
    assert len(refused.calls) == 2
