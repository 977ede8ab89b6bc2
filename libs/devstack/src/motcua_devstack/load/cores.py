"""Who runs on which cores, so that a sender takes nothing from the servers that it measures."""

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from motcua_devstack.errors import DevError


@contextlib.contextmanager
def apart(groups: Collection[int]) -> Iterator[None]:
    """Keep the last core for this process and what it starts, and the others for some process groups, for the block.

    Args:
        groups: leaders of the process groups.

    Raises:
        DevError: there is but one core, or the system binds no process to a core.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise DevError("this system does not bind processes to cores; sender and server cannot be kept apart")
    cores = os.sched_getaffinity(0)
    if len(cores) == 1:
        raise DevError("there is one core; sender and server cannot be kept apart")
    mine = {max(cores)}
    own = os.getpid()
    try:
        _bind([own], mine)
        _bind(_members(groups), cores - mine)
        yield
    finally:
        _bind([own, *_members(groups)], cores)


def _members(groups: Collection[int]) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):  # it has ended
            if os.getpgid(int(folder.name)) in groups:
                found.append(int(folder.name))
    return found


def _bind(processes: Collection[int], cores: set[int]) -> None:
    """Bind all threads of processes; threads and processes that they start inherit it."""
    for process in processes:
        for thread in Path(f"/proc/{process}/task").glob("*"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), cores)
