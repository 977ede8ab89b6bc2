"""A service whose only work is to note that an event arrived: `python -m motcua_devstack.bench.event_service worker`.

Everything around the handler is the kit's own, as in every service of the suite.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import yaml
from pydantic import Field

from motcua_devstack.bench.handled import Handling
from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, Event
from motcua_kit.events import ReceivedEvent, Tasks
from motcua_kit.service import App, Runtime, Service, run
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Collection, Migration, ensure_collections

NAME = "benchevents"
TASK = f"{NAME}.take"
THINGS = "things"


class EventSettings(ServiceSettings):
    """Settings of the service."""

    handled: str = Field(description="Named pipe that is told of handled events.")


@dataclass(frozen=True)
class Happened(Event):
    """Something happened."""

    type: ClassVar[str] = f"{NAME}.happened"

    text: str


@dataclass(kw_only=True)
class Thing(Aggregate):
    """Something that things happen to."""

    def happen(self) -> None:
        """Let something happen."""
        self.record(Happened("as long as what most events of the suite carry: a few resource names and a date or two"))


def write_topology(file: Path) -> None:
    """Write the wiring of the service, as it stands in `telemetry/topology.yaml` for those of the suite."""
    events = {Happened.type: {"by": [NAME], "to": [TASK]}}
    file.write_text(yaml.safe_dump({"events": events, "schedules": [], "calls": {}}))


def build(settings: EventSettings, _runtime: Runtime) -> App:
    """Return the service, put together."""
    tasks = Tasks(NAME)
    handling = Handling(settings.handled)

    @tasks.on_event(TASK)
    def _take(event: ReceivedEvent, _command: Command) -> None:
        handling.note(event.id)

    return App(tasks=tasks)


SERVICE = Service(
    NAME,
    EventSettings,
    build,
    [Migration("0001_things", lambda store: ensure_collections(store, [Collection(THINGS)]))],
)

if __name__ == "__main__":
    run(SERVICE)
