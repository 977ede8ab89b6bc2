"""What waits between the services, as metrics.

The scheduler that leads measures it, so that there is one number a service and not one a replica.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.metrics import CallbackOptions, Observation, get_meter
from pymongo.errors import PyMongoError

from motcua_kit import attributes, metrics
from motcua_kit.clock import system_clock
from motcua_kit.events.dead_letters import DeadLetters
from motcua_kit.events.relay import oldest_event
from motcua_kit.store.connection import Store
from motcua_kit.topology import Topology

log = structlog.get_logger(__name__)

OUTAGES = (PyMongoError, OperationalError, ConnectionError)


class Backlog:
    """What waits for one service.

    Args:
        service: whose events and tasks these are.
        store: the service's database.
        topology: names the service's queues.
        app: reaches the broker.
    """

    def __init__(self, service: str, store: Store, topology: Topology, app: Celery) -> None:
        self._of_service = {attributes.SERVICE: service}
        self._store = store
        self._queues = sorted({item.route for item in topology.tasks_of(service).values()})
        self._app = app

    def oldest_age(self) -> Iterator[Observation]:
        """Age of the oldest event that the broker does not have yet, in seconds; 0 when none waits."""
        oldest = oldest_event(self._store)
        age = (system_clock() - oldest).total_seconds() if oldest else 0.0
        yield Observation(max(0.0, age), self._of_service)

    def dead_letters(self) -> Iterator[Observation]:
        """Events that a handler gave up on."""
        yield Observation(DeadLetters(self._store).count(), self._of_service)

    def queue_lengths(self) -> Iterator[Observation]:
        """Tasks that wait in each queue; those in work are not counted."""
        with self._app.connection_for_read() as connection:
            channel = connection.default_channel
            for queue in self._queues:
                waiting = self._app.amqp.queues[queue].bind(channel).queue_declare().message_count
                yield Observation(waiting, {**self._of_service, attributes.QUEUE_NAME: queue})


def measure(leading: Callable[[], Iterable[Backlog]]) -> None:
    """Measure the backlogs at every export.

    Args:
        leading: returns those of the services that this process leads now.
    """

    def observe(what: Callable[[Backlog], Iterator[Observation]]) -> Callable[[CallbackOptions], list[Observation]]:
        def callback(_options: CallbackOptions) -> list[Observation]:
            observations: list[Observation] = []
            for backlog in leading():
                try:
                    with suppress_instrumentation():
                        observations += what(backlog)
                except OUTAGES as error:
                    log.warning("backlog_not_measured", what=what.__name__, error=type(error).__name__)
            return observations

        return callback

    meter = get_meter(metrics.METER)
    meter.create_observable_gauge(
        metrics.OUTBOX_OLDEST_AGE, [observe(Backlog.oldest_age)], "s", "Age of the oldest event not yet relayed."
    )
    meter.create_observable_gauge(
        metrics.DEAD_LETTERS, [observe(Backlog.dead_letters)], "{letter}", "Events that a handler gave up on."
    )
    meter.create_observable_gauge(
        metrics.QUEUE_LENGTH, [observe(Backlog.queue_lengths)], "{task}", "Tasks that wait in a queue."
    )
