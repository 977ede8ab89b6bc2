"""Holding a lease, wherever it is kept: wait for it, renew it, stop in time when that fails, give it back."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

log = structlog.get_logger(__name__)

RENEWALS = 4
"""Attempts to renew a lease while it lasts."""

SURE = 2 / 3
"""Part of a lease after which a holder that could not renew it stops; the rest is for clocks that differ and for the
work in hand to end before somebody else begins."""


class LeaseUnavailable(Exception):
    """Where the lease is kept does not answer, or does not let us."""


class Lease(ABC):
    """A named lease.

    Args:
        name: of the lease, e.g. `relay`.
        duration: how long a silent holder keeps it.
    """

    def __init__(self, name: str, duration: timedelta) -> None:
        self.name = name
        self.duration = duration
        self.holder = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"

    @abstractmethod
    def acquire(self) -> bool:
        """Take or renew the lease; tell whether this process holds it now.

        Raises:
            LeaseUnavailable: nobody knows.
        """

    @abstractmethod
    def release(self) -> None:
        """Give the lease back, if this process holds it.

        Raises:
            LeaseUnavailable: it could not; the lease runs out by itself.
        """

    @property
    def pause(self) -> float:
        """Seconds between two attempts to take or renew the lease."""
        return self.duration.total_seconds() / RENEWALS

    @contextmanager
    def hold(
        self, stop: threading.Event | None = None, waiting: Callable[[], None] = lambda: None
    ) -> Iterator[threading.Event]:
        """Wait for the lease, keep it renewed inside the block, give it back at the end.

        Args:
            stop: ends the waiting; the block is then entered with a lease that is lost.
            waiting: called at every attempt.

        Yields:
            An event that is set when the lease was lost: whoever holds it must stop then.

        Raises:
            LeaseUnavailable: it could not be taken.
        """
        stop = stop or threading.Event()
        asked = time.monotonic()
        while not self.acquire():
            waiting()
            if stop.wait(self.pause):
                lost = threading.Event()
                lost.set()
                yield lost
                return
            asked = time.monotonic()
        tenure = _Tenure(self, asked)
        try:
            yield tenure.lost
        finally:
            tenure.end()
            try:
                self.release()
            except LeaseUnavailable as error:
                log.warning("lease_not_released", lease=self.name, error=str(error))


class _Tenure:
    """Keeps a lease that was taken, by two threads: one may hang in an attempt to renew, the other sees the time."""

    def __init__(self, lease: Lease, asked: float) -> None:
        self.lost = threading.Event()
        self._lease = lease
        self._sure = lease.duration.total_seconds() * SURE
        self._until = asked + self._sure
        self._threads = [
            threading.Thread(target=work, name=f"lease-{lease.name}", daemon=True)
            for work in (self._renew, self._watch)
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Renew no more."""
        self.lost.set()
        for thread in self._threads:
            thread.join()

    def _renew(self) -> None:
        while not self.lost.wait(self._lease.pause):
            asked = time.monotonic()
            try:
                renewed = self._lease.acquire()
            except LeaseUnavailable as error:
                log.warning("lease_not_renewed", lease=self._lease.name, error=str(error))
                continue
            if not renewed:
                log.warning("lease_lost", lease=self._lease.name)
                self.lost.set()
                return
            self._until = asked + self._sure

    def _watch(self) -> None:
        while not self.lost.wait(max(0.0, self._until - time.monotonic())):
            if time.monotonic() >= self._until:
                log.warning("lease_ran_out", lease=self._lease.name)
                self.lost.set()
