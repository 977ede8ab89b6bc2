"""What a worker process says about itself. Celery's own `inspect ping` would boot the application at every probe."""

from __future__ import annotations

import mmap
from typing import Any

from celery import Celery, bootsteps

from motcua_kit.health import Health, Pulse

BEAT_SECONDS = 1.0


class WorkerHealth:
    """Health of a worker's parent process, made before it forks.

    Ready: a child has built the service, and tasks are consumed from the broker. Live: while tasks are consumed, the
    event loop turns. Without a broker Celery waits for one as long as it takes, which a restart would not mend.

    Args:
        app: the application that the worker will run.
    """

    def __init__(self, app: Celery) -> None:
        self._built = mmap.mmap(-1, 1)  # anonymous and shared: what a child writes the parent reads
        self._consuming = False
        self._turns = Pulse("the event loop has not turned")
        app.steps["consumer"].add(self._step())

    @property
    def health(self) -> Health:
        """The answers."""
        return Health(live=self._live, ready=self._ready)

    def child_built_the_service(self) -> None:
        """Note it; called in the child."""
        self._built[0] = 1

    def _live(self) -> str:
        return self._turns() if self._consuming else ""

    def _ready(self) -> str:
        if not self._built[0]:
            return "no child has built the service yet"
        return "" if self._consuming else "not connected to the broker"

    def _started(self, consumer: Any) -> None:
        self._turns.beat()
        self._consuming = True
        consumer.timer.call_repeatedly(BEAT_SECONDS, self._turns.beat)

    def _stopped(self) -> None:
        self._consuming = False

    def _step(self) -> type[bootsteps.StartStopStep]:
        worker = self

        class Consuming(bootsteps.StartStopStep):  # type: ignore[misc]
            """Follows the consumer: started when it consumes, stopped when it loses the broker or ends."""

            requires = ("celery.worker.consumer.tasks:Tasks",)

            def start(self, consumer: Any) -> None:
                """Note that tasks are consumed; the timer dies with the connection."""
                worker._started(consumer)

            def stop(self, consumer: Any) -> None:
                """Note that they are not any more."""
                del consumer
                worker._stopped()

            shutdown = stop

        return Consuming
