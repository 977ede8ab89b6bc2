"""Handlers of events and schedules, run by Celery: retried with backoff, then kept as dead letters."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

import structlog
from celery import Celery, Task
from celery.exceptions import Reject
from opentelemetry import trace
from pymongo.errors import PyMongoError

from motcua_kit import attributes, metrics
from motcua_kit.clock import Clock
from motcua_kit.command import Command, fingerprint_of
from motcua_kit.domain import Conflict, DependencyDown, DomainError, StaleVersion
from motcua_kit.events.dead_letters import DeadLetters
from motcua_kit.rpc.errors import is_outage, may_fail_for_ever

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
MAX_DELAY_SECONDS = 30.0
CONTENDED: tuple[type[Exception], ...] = (Conflict, StaleVersion)


class Outcome(StrEnum):
    """How an attempt at a task ended."""

    DONE = "done"
    RETRIED = "retried"
    GIVEN_UP = "given_up"


class NotYet(Exception):
    """What this event builds on has not arrived; try again a little later."""


@dataclass(frozen=True)
class ReceivedEvent:
    """An event as a handler gets it.

    Attributes:
        id: the same at every delivery, e.g. `dossiers/4f…#7.0`.
        type: e.g. `dossier.accepted`.
        subject: resource name of what it is about.
        time: business time when it happened.
        data: the event's fields.
    """

    id: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> ReceivedEvent:
        """Read an event as the relay sends it."""
        return cls(
            id=wire["id"],
            type=wire["type"],
            subject=wire["subject"],
            time=datetime.fromisoformat(wire["time"]).astimezone(UTC),
            data=wire["data"],
        )


EventHandler = Callable[[ReceivedEvent, Command], None]
PeriodicHandler = Callable[[Command], None]


class Tasks:
    """The background work of a service, by task name.

    Args:
        service: whose tasks these are; their names begin with it.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.event_handlers: dict[str, EventHandler] = {}
        self.periodic_handlers: dict[str, PeriodicHandler] = {}

    @property
    def names(self) -> set[str]:
        """All task names."""
        return {*self.event_handlers, *self.periodic_handlers}

    def on_event(self, name: str) -> Callable[[EventHandler], EventHandler]:
        """Register a handler of events. It must be an idempotent command: deliveries repeat."""

        def register(handler: EventHandler) -> EventHandler:
            self.event_handlers[self._checked(name)] = handler
            return handler

        return register

    def periodic(self, name: str) -> Callable[[PeriodicHandler], PeriodicHandler]:
        """Register a handler that a schedule runs."""

        def register(handler: PeriodicHandler) -> PeriodicHandler:
            self.periodic_handlers[self._checked(name)] = handler
            return handler

        return register

    def run(self, name: str, wire: Mapping[str, Any] | None, clock: Clock) -> None:
        """Run a task by name in this thread: with an event, or, when `wire` is None, as a schedule does."""
        now = clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        actor = f"services/{self.service}"
        if wire is None:
            self.periodic_handlers[name](Command(name=name, actor=actor, time=now))
            return
        event = ReceivedEvent.from_wire(wire)
        command = Command(
            name=name,
            actor=actor,
            time=now,
            request_id=event.id,
            fingerprint=fingerprint_of(event.id.encode(), event.type.encode()),
        )
        self.event_handlers[name](event, command)

    def _checked(self, name: str) -> str:
        if not name.startswith(f"{self.service}.") or name in self.names:
            message = f"{name}: task names begin with {self.service}. and are given once"
            raise ValueError(message)
        return name


@dataclass
class Runner:
    """What a worker's child process runs tasks with; made after the fork."""

    tasks: Tasks
    dead_letters: DeadLetters
    clock: Clock


def register(app: Celery, names: Mapping[str, str], runner: Callable[[], Runner]) -> None:
    """Make Celery tasks of the names, so that the parent process knows them before it forks.

    Args:
        app: the worker's application.
        names: task name to queue.
        runner: returns this child's runner.
    """
    for name in names:
        app.task(name=name, bind=True, max_retries=None)(_body(name, names[name], runner))


def _body(name: str, queue: str, runner: Callable[[], Runner]) -> Callable[..., None]:
    def body(task: Task, event: dict[str, Any] | None = None) -> None:
        run = runner()
        attempt = task.request.retries + 1
        span = trace.get_current_span()
        span.set_attribute(attributes.TASK_ATTEMPT, attempt)
        if event is not None:
            span.set_attributes({attributes.EVENT_ID: event["id"], attributes.EVENT_TYPE: event["type"]})
        noted = structlog.contextvars.bound_contextvars(
            task=name, event_id=(event or {}).get("id", ""), attempt=attempt
        )
        with noted, _measured(name) as measured:
            try:
                run.tasks.run(name, event, run.clock)
            except Exception as error:
                if event is None:
                    measured.outcome = Outcome.GIVEN_UP
                    log.exception("periodic_task_failed")
                    return  # the schedule runs it again
                delay = retry_delay(error, attempt)
                measured.outcome = Outcome.RETRIED
                if delay is None:
                    log.exception("task_given_up")
                    span.record_exception(error)
                    try:
                        run.dead_letters.keep(name, queue, event, error, attempt, run.clock())
                        measured.outcome = Outcome.GIVEN_UP
                        return
                    except PyMongoError:  # what cannot be kept, as on a full disk, must not be lost
                        delay = MAX_DELAY_SECONDS
                log.warning("task_retried", error=type(error).__name__, detail=str(error), delay=delay)
                raise _again(task, error, delay, queue) from error

    return body


@dataclass
class _Measured:
    outcome: Outcome = Outcome.DONE


@contextmanager
def _measured(task: str) -> Iterator[_Measured]:
    measured = _Measured()
    begin = time.perf_counter()
    try:
        yield measured
    finally:
        metrics.task_duration.record(
            time.perf_counter() - begin, {attributes.TASK_NAME: task, attributes.TASK_OUTCOME: measured.outcome.value}
        )


def _again(task: Task, error: Exception, delay: float, queue: str) -> Exception:
    """Send the task once more and return what tells the worker so."""
    try:
        again = task.retry(exc=error, countdown=delay, queue=queue, throw=False)
    except Reject as refused:  # Celery would drop a task whose retry the broker did not take
        again = Reject(refused.reason, requeue=True)
    return cast("Exception", again)


def retry_delay(error: Exception, attempt: int) -> float | None:
    """Return after how many seconds to try again, or None when it is no use.

    Outages are waited out; events that came too early, lost races and servers that do not know what failed in them get
    some patience; what the domain refuses would be refused again; the rest may be a bug that a later release mends, so
    it is kept after a few attempts.
    """
    delay: float = min(MAX_DELAY_SECONDS, 0.25 * 2 ** min(attempt - 1, 20)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
    doubtful = may_fail_for_ever(error)
    if not doubtful and (isinstance(error, DependencyDown) or is_outage(error)):  # however long, nothing is lost
        return delay
    if isinstance(error, DomainError) and not isinstance(error, CONTENDED):
        return None
    limit = 2 * MAX_ATTEMPTS if doubtful or isinstance(error, NotYet) else MAX_ATTEMPTS
    return delay if attempt < limit else None
