"""What a fault is, and what it can lay hands on."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from motcua_devstack.chaos.links import Links
from motcua_devstack.demo.local import OffsetClock
from motcua_devstack.stack import TOPOLOGY, RunningStack, scheduler_names
from motcua_kit.topology import Topology
from motcua_ops.naming import WITH_HTTP

SCHEDULERS = tuple(scheduler_names(2))
"""One leads, the other waits for the lease."""

_TOPOLOGY = Topology.load(TOPOLOGY)
SERVICES = tuple(sorted(_TOPOLOGY.services))
CALLS = _TOPOLOGY.calls
WORKERS = tuple(f"{service}-worker" for service in SERVICES if _TOPOLOGY.tasks_of(service))
QUEUES = tuple(sorted({task.route for service in SERVICES for task in _TOPOLOGY.tasks_of(service).values()}))
GRPC = tuple(f"{service}-grpc" for service in SERVICES)
HTTP = tuple(f"{service}-http" for service in WITH_HTTP)


@dataclass(frozen=True)
class Site:
    """A running stack with links between its processes.

    Attributes:
        running: the stack.
        links: between its processes.
    """

    running: RunningStack
    links: Links

    @property
    def clock(self) -> OffsetClock:
        """Business time."""
        return OffsetClock(self.running.stack.clock_offset)


class Fault(ABC):
    """One thing that goes wrong once.

    Args:
        target: what it hits.
    """

    def __init__(self, target: str) -> None:
        self.target = target

    @abstractmethod
    def inject(self, site: Site) -> None:
        """Let it go wrong."""

    @abstractmethod
    def heal(self, site: Site) -> None:
        """Let it go right again."""


class Passing(Fault):
    """A fault that is over at once."""

    def heal(self, site: Site) -> None:
        """Nothing is left to do."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        summary: what it does, for people.
        targets: what it may hit, by sort: each sort has its turn, one of it is drawn.
        make: the fault for a target.
        share: how often it comes in a whole run.
        seconds: shortest and longest time that it lasts; zero when it ends by itself.
    """

    summary: str
    targets: tuple[tuple[str, ...], ...]
    make: Callable[[str], Fault]
    share: int
    seconds: tuple[float, float] = (0.0, 0.0)
