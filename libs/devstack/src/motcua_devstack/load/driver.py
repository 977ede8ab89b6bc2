"""Clients side by side, paced together, until told to stop; then the audit and the sum of it all."""

import contextlib
import itertools
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from motcua_devstack.demo.people import Citizen, Suite
from motcua_devstack.demo.world import World
from motcua_devstack.eid.people import PEOPLE_FILE, load_people
from motcua_devstack.load.audit import Finding, audit
from motcua_devstack.load.client import KINDS, LoadClient
from motcua_devstack.load.ledger import Entry, Ledger

LEVEL = 2
"""Assurance that a citizen needs to begin a dossier."""


@dataclass(frozen=True)
class Plan:
    """How much load.

    Attributes:
        clients: how many send side by side; each waits for its answer before it goes on.
        rate: commands per second of all together; 0 for as many as are answered.
        kind: `drafts` or `reads`.
        seconds: for how long; None until it is stopped.
    """

    clients: int
    rate: float
    kind: str
    seconds: float | None = None


class Pace:
    """Gives each command its moment, evenly spaced over all clients.

    Args:
        rate: moments per second; 0 for no waiting.
        stop: ends all waiting.
    """

    def __init__(self, rate: float, stop: threading.Event) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._stop = stop
        self._lock = threading.Lock()
        self._last = time.monotonic() - self._gap

    def moments(self) -> Iterator[None]:
        """One item for each command that may be sent, until it is time to stop."""
        while not self._stop.is_set():
            with self._lock:
                # What a slow suite did not take is not made up for later.
                self._last = max(self._last + self._gap, time.monotonic())
                wait = self._last - time.monotonic()
            if wait > 0 and self._stop.wait(wait):
                return
            yield


def drive(world: World, plan: Plan, ledger: Ledger, stop: threading.Event) -> dict[str, Any]:
    """Send load for its time or until `stop` is set, hold the suite to the ledger, and sum up.

    Args:
        world: the suite, with its patience.
        plan: how much load.
        ledger: where each command is written down.
        stop: ends the load; what is under way is finished first.
    """
    begun = datetime.now(UTC)
    citizens = callers(world, plan.clients)
    patience = world.suite.web.patience
    # The clients count their attempts themselves.
    impatient = Suite(world.suite.addresses, world.suite.observe, tls=world.suite.tls)
    clients = [
        LoadClient(Citizen(impatient, one.name, one.credentials), ledger, patience)
        for one in itertools.islice(itertools.cycle(citizens.values()), plan.clients)
    ]
    pace = Pace(plan.rate, stop)
    start = time.monotonic()
    with ThreadPoolExecutor(plan.clients) as workers, _stopped_after(plan.seconds, stop):
        for _ in workers.map(lambda client: _run(client, plan.kind, pace), clients):
            pass
        seconds = time.monotonic() - start
        finding = audit(ledger.entries, citizens, begun, workers)
    impatient.close()
    return summary(ledger.entries, finding, seconds)


@contextlib.contextmanager
def _stopped_after(seconds: float | None, stop: threading.Event) -> Iterator[None]:
    """Set `stop` when the time is over, if there is one."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def callers(world: World, most: int) -> Mapping[str, Citizen]:
    """Sign in citizens who may begin a dossier, by resource name: each may send so many calls a minute only."""
    able = [person.citizen_id for person in load_people(PEOPLE_FILE).values() if person.level >= LEVEL]
    citizens = [world.citizen(citizen_id) for citizen_id in able[:most]]
    return {citizen.name: citizen for citizen in citizens}


def _run(client: LoadClient, kind: str, pace: Pace) -> None:
    steps = KINDS[kind](client)
    for _ in pace.moments():
        next(steps)


def summary(entries: tuple[Entry, ...], finding: Finding, seconds: float) -> dict[str, Any]:
    """The run in figures; times in seconds."""
    acknowledged = [entry for entry in entries if entry.acknowledged]
    latencies = sorted(entry.seconds for entry in acknowledged)
    centiles = statistics.quantiles(latencies, n=100, method="inclusive") if len(latencies) > 1 else latencies * 99
    return {
        "sent": len(entries),
        "acknowledged": len(acknowledged),
        "failed_after_retries": len(entries) - len(acknowledged),
        "failures": dict(Counter(entry.failure for entry in entries if entry.failure)),
        "retried": sum(entry.attempts > 1 for entry in acknowledged),
        "unanswered_but_done": finding.unanswered,
        "lost": len(finding.lost),
        "doubled": len(finding.doubled),
        "lost_resources": finding.lost[:10],
        "doubled_resources": finding.doubled[:10],
        "seconds": round(seconds, 3),
        "rate": round(len(acknowledged) / seconds, 2) if seconds else 0.0,
        "p50": centiles[49] if centiles else None,
        "p95": centiles[94] if centiles else None,
        "p99": centiles[98] if centiles else None,
        "longest": latencies[-1] if latencies else None,
        "per_peer": dict(Counter(entry.served_by for entry in acknowledged)),
    }
