"""Row `queue`: an officer's queue, and a search by name, in a small City and in large ones; the limit is the smallest.

The officer's unit has as many dossiers in each, all waiting. The rest of a City wait in other units, or have ended.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from motcua.dossier.v1.dossier_pb2 import ListQueueRequest, SearchDossiersRequest
from motcua.dossier.v1.dossier_pb2_grpc import DossierServiceStub
from motcua_devstack import cast
from motcua_devstack.bench.importing import import_lines, write_lines
from motcua_devstack.bench.records import OldSystem
from motcua_devstack.bench.rows import Bench, Better, Probe, Sample, percentile
from motcua_devstack.bench.servers import dossier_server, world, world_with
from motcua_devstack.demo import house, people
from motcua_devstack.demo.walk import APPLICANT
from motcua_devstack.errors import DevError

FAR_PAGE = 50
PAGE_SIZE = 10
WAITING = FAR_PAGE * PAGE_SIZE
FEWEST_SIZES = 2
NAME = "trần mai"
"""Has several pages in the officer's unit; its tones were written."""
TARGET = 1.3
ROLE = "reception_officer"


class Sight(Enum):
    """What an officer looks at."""

    FIRST = "queue page 1"
    FAR = f"queue page {FAR_PAGE}"
    SEARCH = "search"


class Cities:
    """One database and server for each size, filled by the importer; made once for all probes of the row."""

    def __init__(self) -> None:
        self._keep = contextlib.ExitStack()
        self._officers: dict[int, people.ReceptionOfficer] = {}
        self._tokens: dict[int, str] = {}

    def open(self, bench: Bench) -> None:
        """Make them, unless they are there."""
        if self._officers:
            return
        outside = self._keep.enter_context(world(bench))
        officer = outside.officer(people.ReceptionOfficer, cast.RECEPTION)
        old = OldSystem(outside.citizen(APPLICANT), WAITING)
        for size in bench.sizes:
            database = f"bench_queue_{size}"
            address = self._keep.enter_context(dossier_server(bench, database))
            lines = write_lines(bench.folder / f"{database}.jsonl", old, size)
            seconds = import_lines(bench, database, lines)
            lines.unlink()
            bench.say(f"  {size} dossiers, {size / seconds:.0f} a second")
            suite = self._keep.enter_context(world_with(bench, address)).suite
            self._officers[size] = people.ReceptionOfficer(suite, officer.name, officer.credentials)
            self._tokens[size] = self._token_of_far_page(size)

    def _token_of_far_page(self, size: int) -> str:
        token = ""
        for _ in range(FAR_PAGE - 1):
            token = self._officers[size].dossiers.ListQueue(_request(token)).next_page_token
        return token

    def turn(self, size: int, seconds: float, sight: Sight) -> Sample:
        """Look at the same page for so long; the median time in ms."""
        dossiers, token = self._officers[size].dossiers, self._tokens[size]
        times: list[float] = []
        end = time.perf_counter() + seconds
        while (before := time.perf_counter()) < end or not times:
            SIGHTS[sight](dossiers, token)
            times.append((time.perf_counter() - before) * 1000)
        times.sort()
        return Sample(percentile(times, 0.5), {"p95 ms": percentile(times, 0.95)})

    def close(self) -> None:
        """Close what was made."""
        self._officers.clear()
        self._keep.close()


@dataclass
class Looking:
    """See `Probe`."""

    cities: Cities
    size: int
    sight: Sight
    smallest: int
    unit: str = "ms"
    better: Better = Better.LOWER
    target: float | None = field(init=False)
    name: str = field(init=False)
    _seconds: float = 0.0

    def __post_init__(self) -> None:
        self.target = None if self.sight is Sight.SEARCH else TARGET
        self.name = f"{self.sight.value} of {self.size:,}"

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""
        self._seconds = bench.seconds / 2
        self.cities.open(bench)

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        return self.cities.turn(self.size, self._seconds, self.sight)

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        return self.cities.turn(self.smallest, self._seconds, self.sight)

    def close(self) -> None:
        """See `Probe.close`."""
        self.cities.close()


def _request(token: str) -> ListQueueRequest:
    return ListQueueRequest(parent=house.WARD, role=ROLE, page_size=PAGE_SIZE, page_token=token)


SIGHTS: dict[Sight, Callable[[DossierServiceStub, str], Any]] = {
    Sight.FIRST: lambda dossiers, _token: dossiers.ListQueue(_request("")),
    Sight.FAR: lambda dossiers, token: dossiers.ListQueue(_request(token)),
    Sight.SEARCH: lambda dossiers, _token: dossiers.SearchDossiers(
        SearchDossiersRequest(parent=house.WARD, query=NAME, page_size=PAGE_SIZE)
    ),
}


def probes(sizes: Sequence[int]) -> Sequence[Probe]:
    """The probes of the row: the limit of each is the smallest size.

    Raises:
        DevError: there are not two sizes, or the smallest cannot hold the queue.
    """
    if len(sizes) < FEWEST_SIZES or sizes[0] < WAITING:
        raise DevError(f"a queue is measured at two sizes or more, from {WAITING} dossiers on, not at {sizes}")
    cities = Cities()
    return [Looking(cities, size, sight, sizes[0]) for sight in Sight for size in sizes[1:]]
