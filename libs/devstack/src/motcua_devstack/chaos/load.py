"""The load of a run: citizens who make drafts, and whole lives of permits, all in one ledger."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from motcua_devstack.chaos.lives import Life, Lives, sign_in
from motcua_devstack.demo.people import Citizen, Suite
from motcua_devstack.demo.world import World
from motcua_devstack.load.audit import Finding, audit
from motcua_devstack.load.client import KINDS, LoadClient
from motcua_devstack.load.driver import Pace, callers
from motcua_devstack.load.ledger import Ledger

PATIENCE = 180.0
"""Seconds for which a command is tried again: longer than any fault and what follows from it."""

DRAFTERS, DRAFTS_PER_SECOND = 2, 4.0
LIVES = 2
"""How many lives go on side by side."""

READERS = 4


class Load:
    """Known load from the start of the block until `finish`; its threads do not outlive the connections for long.

    Args:
        world: the suite, with a patient web.
        ledger: where each command is written down.

    Attributes:
        ledger: as given.
        broken: why a part of the load ended before its time.
    """

    def __init__(self, world: World, ledger: Ledger) -> None:
        self.ledger = ledger
        self.broken: list[str] = []
        self._stop, self._over = threading.Event(), threading.Event()
        self._begun = datetime.now(UTC)
        self._citizens = callers(world, DRAFTERS)
        self._lives = Lives(sign_in(world, ledger, PATIENCE))
        self._impatient = Suite(world.suite.addresses, world.suite.observe, tls=world.suite.tls)
        self._threads = [*map(self._drafter, self._citizens.values()), *(self._liver() for _ in range(LIVES))]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End whatever is under way."""
        self._stop.set()
        self._over.set()
        self._impatient.close()
        self._lives.cast.close()

    @property
    def lives(self) -> tuple[Life, ...]:
        """All lives that have begun."""
        return tuple(self._lives.begun)

    def finish(self) -> None:
        """Begin nothing more, and wait until everything that was begun has come to its end."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def audit(self) -> Finding:
        """Hold the suite to the ledger of drafts, as their citizens see it."""
        with ThreadPoolExecutor(READERS) as workers:
            return audit(self.ledger.entries, self._citizens, self._begun, workers)

    def _drafter(self, citizen: Citizen) -> threading.Thread:
        client = LoadClient(Citizen(self._impatient, citizen.name, citizen.credentials), self.ledger, PATIENCE)
        moments = Pace(DRAFTS_PER_SECOND / DRAFTERS, self._stop).moments()
        steps = KINDS["drafts"](client)
        return self._thread(lambda: [next(steps) for _ in moments])

    def _liver(self) -> threading.Thread:
        return self._thread(lambda: self._lives.live(self._stop))

    def _thread(self, work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except Exception as error:
                if not self._over.is_set():  # then the connections have ended under it
                    self.broken.append(f"{type(error).__name__}: {error}")
                    raise

        return threading.Thread(target=run, name="load", daemon=True)
