"""The wiring in `telemetry/topology.yaml` is the wiring of the code."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

from motcua_kit.domain import Event
from motcua_kit.topology import Topology
from motcua_ops.naming import SERVICES

TOPOLOGY = Topology.load(Path(__file__).parents[2] / "telemetry" / "topology.yaml")


def events_of(service: str) -> set[str]:
    """Types of the events that a service's own code defines, and of those that it publishes through the kit."""
    package = importlib.import_module(f"motcua_{service}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    own = [cls for cls in _subclasses(Event) if cls.__module__.startswith(f"{package.__name__}.")]
    return {cls.type for cls in own if "type" in vars(cls)}


def _subclasses(cls: type[Event]) -> set[type[Event]]:
    direct = set(cls.__subclasses__())
    return direct.union(*(_subclasses(one) for one in direct))


@pytest.mark.parametrize("service", SERVICES)
def test_every_event_of_the_code_is_wired_and_every_wired_event_exists(service: str) -> None:
    wired = {name for name, publishers in TOPOLOGY.publishers.items() if service in publishers}
    assert events_of(service) == wired - {"access.recorded"}


def test_tasks_of_schedules_and_events_belong_to_known_services() -> None:
    assert TOPOLOGY.services <= set(SERVICES)


def test_no_service_calls_itself() -> None:
    assert [edge for edge in TOPOLOGY.calls if edge[0] == edge[1]] == []
