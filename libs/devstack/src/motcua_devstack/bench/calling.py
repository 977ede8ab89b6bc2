"""Probes that call the dossier service and a bare server in turns, by so many clients."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from motcua_devstack.bench.clients import Calls, ClientProcesses
from motcua_devstack.bench.rows import Bench, Better, Sample

CLIENTS = (1, 8, 32)
WARM_UP = 0.25
"""Share of a sample's time for getting caches and connections warm."""


Supply = Callable[[float], Calls]
"""Gives the calls for a sample of so many seconds."""

Fill = Callable[[contextlib.ExitStack, Bench], tuple[Supply, Supply]]
"""Makes what is called: the suite's calls and those of the limit. The stack closes what it made."""


class Scene:
    """What all probes of a row call; made once.

    Args:
        fill: makes it.
    """

    def __init__(self, fill: Fill) -> None:
        self._fill = fill
        self._supplies: tuple[Supply, Supply] | None = None
        self._keep = contextlib.ExitStack()
        self._clients = ClientProcesses()

    def open(self, bench: Bench) -> None:
        """Make it, unless it is there."""
        if self._supplies is None:
            self._supplies = self._fill(self._keep, bench)
            self._keep.enter_context(self._clients)

    def call(self, clients: int, seconds: float, *, limit: bool) -> Sample:
        """One sample of the suite or of the limit."""
        if self._supplies is None:
            message = "the scene was never opened"
            raise ValueError(message)
        return self._clients.run(self._supplies[limit](seconds), clients, seconds)

    def close(self) -> None:
        """Close what was made."""
        self._supplies = None
        self._keep.close()


@dataclass
class Calling:
    """See `Probe`."""

    name: str
    scene: Scene
    clients: int
    target: float | None
    unit: str = "calls/s"
    better: Better = Better.HIGHER
    _seconds: float = 0.0

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""
        self._seconds = bench.seconds
        self.scene.open(bench)
        for limit in (False, True):
            self.scene.call(self.clients, self._seconds * WARM_UP, limit=limit)

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        return self.scene.call(self.clients, self._seconds, limit=False)

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        return self.scene.call(self.clients, self._seconds, limit=True)

    def close(self) -> None:
        """See `Probe.close`."""
        self.scene.close()


def by_clients(row: str, fill: Fill, target: float) -> list[Calling]:
    """The probes of a row: the same calls by few and by many clients."""
    scene = Scene(fill)
    return [
        Calling(f"{row} {clients} client{'s' if clients > 1 else ''}", scene, clients, target) for clients in CLIENTS
    ]
