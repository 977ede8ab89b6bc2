"""The suite's wiring as data: which event goes to which tasks, what runs on a schedule, who calls whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DEFAULT_QUEUE = "default"


@dataclass(frozen=True)
class Subscription:
    """A task that gets an event.

    Attributes:
        task: `<service>.<handler>`.
        queue: pool of workers, `default` or `slow`.
    """

    task: str
    queue: str = DEFAULT_QUEUE

    @property
    def service(self) -> str:
        """The service that runs the task."""
        return self.task.partition(".")[0]

    @property
    def route(self) -> str:
        """Name of the broker's queue."""
        return f"{self.service}.{self.queue}"


@dataclass(frozen=True)
class Schedule:
    """A task that runs again and again.

    Attributes:
        task: `<service>.<handler>`.
        every: seconds between two runs.
    """

    task: str
    every: float
    queue: str = DEFAULT_QUEUE

    @property
    def subscription(self) -> Subscription:
        """The task with its queue."""
        return Subscription(self.task, self.queue)


@dataclass(frozen=True)
class Topology:
    """What `telemetry/topology.yaml` says."""

    events: dict[str, tuple[Subscription, ...]]
    schedules: tuple[Schedule, ...]
    publishers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    calls: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def load(cls, file: Path) -> Topology:
        """Read the topology.

        Raises:
            ValueError: a task is named twice for one event.
        """
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        events = {name: tuple(_subscription(item) for item in event["to"]) for name, event in raw["events"].items()}
        for name, subscriptions in events.items():
            if len({subscription.task for subscription in subscriptions}) < len(subscriptions):
                message = f"{file}: {name} has a task twice"
                raise ValueError(message)
        return cls(
            events=events,
            schedules=tuple(Schedule(**item) for item in raw["schedules"]),
            publishers={name: tuple(event["by"]) for name, event in raw["events"].items()},
            calls=tuple((caller, callee) for caller, callees in raw["calls"].items() for callee in callees),
        )

    def tasks_of(self, service: str) -> dict[str, Subscription]:
        """Return all tasks of a service by name."""
        subscriptions = [item for items in self.events.values() for item in items]
        subscriptions += [schedule.subscription for schedule in self.schedules]
        return {item.task: item for item in subscriptions if item.service == service}

    def schedules_of(self, service: str) -> list[Schedule]:
        """Return what runs on a schedule in a service."""
        return [schedule for schedule in self.schedules if schedule.subscription.service == service]

    @property
    def services(self) -> set[str]:
        """All services that publish or handle something."""
        handlers = {item.service for items in self.events.values() for item in items}
        publishers = {name for names in self.publishers.values() for name in names}
        return handlers | publishers | {schedule.subscription.service for schedule in self.schedules}


def _subscription(item: Any) -> Subscription:
    return Subscription(item) if isinstance(item, str) else Subscription(**item)
