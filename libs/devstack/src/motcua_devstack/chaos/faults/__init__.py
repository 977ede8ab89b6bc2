"""All kinds of faults, as data."""

from motcua_devstack.chaos.faults.base import GRPC, HTTP, SCHEDULERS, WORKERS, Fault, Kind, Site
from motcua_devstack.chaos.faults.delivery import Duplicate, Reorder, SecondRelay
from motcua_devstack.chaos.faults.network import WAYS, Cut, Delay, HalfOpen
from motcua_devstack.chaos.faults.processes import Away, Freeze, Kill
from motcua_devstack.chaos.faults.surroundings import DOWN, MODES, ClockJump, DiskFull, provider
from motcua_devstack.servers import BROKER, MONGO, OBJECTS
from motcua_devstack.stack import VISIBILITY_SECONDS

__all__ = ["KINDS", "Fault", "Kind", "Site"]

PROCESSES = (GRPC, HTTP, WORKERS, SCHEDULERS, (MONGO,), (BROKER,), (OBJECTS,))
"""Every sort of process that holds or moves something of the suite."""

ALL_WORKERS = (("all workers",),)

KINDS = {
    "kill": Kind("kill -9 of a process", PROCESSES, Kill, 7),
    "freeze": Kind("SIGSTOP of a process, SIGCONT later", PROCESSES, Freeze, 7, (3, 12)),
    "cut": Kind("connections between two are reset", WAYS, Cut, 4, (3, 8)),
    "delay": Kind("all that goes between two takes a second longer each way", WAYS, Delay, 3, (4, 8)),
    "half-open": Kind("one end of a connection is gone and the other does not notice", WAYS, HalfOpen, 4, (4, 12)),
    "broker-away": Kind(
        "the broker is away for longer than its visibility timeout",
        ((BROKER,),),
        Away,
        1,
        (VISIBILITY_SECONDS + 2, VISIBILITY_SECONDS + 5),
    ),
    "disk-full": Kind("a server can write nothing more", ((MONGO,), (BROKER,), (OBJECTS,)), DiskFull, 3, (3, 8)),
    "clock": Kind("business time jumps by so many minutes", (("95", "170"), ("-35", "-80")), ClockJump, 2),
    "duplicate": Kind("tasks that wait or are in work are delivered twice", ALL_WORKERS, Duplicate, 2, (3, 5)),
    "reorder": Kind("tasks that wait are delivered in another order", ALL_WORKERS, Reorder, 2, (3, 5)),
    "second-relay": Kind("relays without a lease beside those with it", (("all services",),), SecondRelay, 1, (4, 8)),
    "provider": Kind(
        "mail or short-message provider down, refusing, slow, or answering late, twice or not at all",
        ((DOWN,), *((mode,) for mode in MODES)),
        provider,
        4,
        (4, 9),
    ),
}
"""Each kind of fault by name."""
