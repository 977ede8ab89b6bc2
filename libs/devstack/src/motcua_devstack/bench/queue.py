"""Row `queue`: a page of an officer's queue, in a small database and in large ones; the limit is the smallest.

The queue is as long in each. The rest of a database are dossiers of other units that wait, and such as have ended.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from motcua.dossier.v1.dossier_pb2 import Dossier, ListQueueRequest
from motcua_devstack import cast
from motcua_devstack.bench import population
from motcua_devstack.bench.rows import Bench, Better, Probe, Sample, percentile
from motcua_devstack.bench.servers import MAIN_DATABASE, dossier_server, store, world, world_with
from motcua_devstack.demo import house, people
from motcua_devstack.demo.walk import APPLICANT
from motcua_devstack.errors import DevError

FAR_PAGE = 50
PAGE_SIZE = 10
WAITING = FAR_PAGE * PAGE_SIZE
FEWEST_SIZES = 2
UNITS = 168
"""Wards of the City."""
TARGET = 1.3
ROLE = "reception_officer"


class Queues:
    """One database and server for each size; made once for all probes of the row."""

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
        document = self._waiting(bench, outside.citizen(APPLICANT))
        for size in bench.sizes:
            database = f"bench_queue_{size}"
            address = self._keep.enter_context(dossier_server(bench, database))
            begun = time.monotonic()
            with contextlib.closing(store(bench, database)) as documents:
                population.fill(documents, of_city(document), size)
            bench.say(f"  {size} dossiers, {size / (time.monotonic() - begun):.0f} a second")
            suite = self._keep.enter_context(world_with(bench, address)).suite
            self._officers[size] = people.ReceptionOfficer(suite, officer.name, officer.credentials)
            self._tokens[size] = self._token_of_far_page(size)

    @staticmethod
    def _waiting(bench: Bench, citizen: people.Citizen) -> dict[str, Any]:
        """A submitted dossier; the replies that its making has left would only fill the disk."""
        dossier = population.submitted(citizen)
        with contextlib.closing(store(bench, MAIN_DATABASE)) as main:
            return {**population.stored(main, dossier), "replies": []}

    def _token_of_far_page(self, size: int) -> str:
        token = ""
        for _ in range(FAR_PAGE - 1):
            token = self._officers[size].dossiers.ListQueue(_request(token)).next_page_token
        return token

    def page(self, size: int, seconds: float, *, far: bool) -> Sample:
        """Turn to the same page for so long; the median time in ms."""
        officer, request = self._officers[size], _request(self._tokens[size] if far else "")
        times: list[float] = []
        end = time.perf_counter() + seconds
        while (before := time.perf_counter()) < end or not times:
            officer.dossiers.ListQueue(request)
            times.append((time.perf_counter() - before) * 1000)
        times.sort()
        return Sample(percentile(times, 0.5), {"p95 ms": percentile(times, 0.95)})

    def close(self) -> None:
        """Close what was made."""
        self._officers.clear()
        self._keep.close()


@dataclass
class Paging:
    """See `Probe`."""

    queues: Queues
    size: int
    far: bool
    smallest: int
    unit: str = "ms"
    better: Better = Better.LOWER
    target: float | None = TARGET
    name: str = field(init=False)
    _seconds: float = 0.0

    def __post_init__(self) -> None:
        self.name = f"queue page {FAR_PAGE if self.far else 1} of {self.size:,}"

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""
        self._seconds = bench.seconds / 2
        self.queues.open(bench)

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        return self.queues.page(self.size, self._seconds, far=self.far)

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        return self.queues.page(self.smallest, self._seconds, far=self.far)

    def close(self) -> None:
        """See `Probe.close`."""
        self.queues.close()


def of_city(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Copies that came in one a second: first those that wait here, then elsewhere, every second one ended."""
    for copy, number in zip(population.copies(document), count(), strict=False):
        copy["queue_time"] = copy["submit_time"] = document["submit_time"] + timedelta(seconds=number)
        if number >= WAITING:
            copy["unit"] = f"{document['unit']}-{number % UNITS}"
            if number % 2:
                copy["state"], copy["waits_for"] = Dossier.STATE_WITHDRAWN, ""
        yield copy


def _request(token: str) -> ListQueueRequest:
    return ListQueueRequest(parent=house.WARD, role=ROLE, page_size=PAGE_SIZE, page_token=token)


def probes(sizes: Sequence[int]) -> Sequence[Probe]:
    """The probes of the row: the limit of each is the smallest size.

    Raises:
        DevError: there are not two sizes, or the smallest cannot hold the queue.
    """
    if len(sizes) < FEWEST_SIZES or sizes[0] < WAITING:
        raise DevError(f"a queue is measured at two sizes or more, from {WAITING} dossiers on, not at {sizes}")
    queues = Queues()
    return [Paging(queues, size, far, sizes[0]) for far in (False, True) for size in sizes[1:]]
