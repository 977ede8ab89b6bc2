"""Leader election on MongoDB: one holder at a time, taken over when the holder stops renewing."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from pymongo.errors import DuplicateKeyError, PyMongoError

from motcua_kit.clock import Clock, system_clock

if TYPE_CHECKING:
    from motcua_kit.store.connection import Store

log = structlog.get_logger(__name__)

COLLECTION = "_leases"


class Lease:
    """A named lease in a service's database.

    Args:
        store: where the lease lives.
        name: what the holder may do alone, e.g. `relay`.
        duration: how long a silent holder keeps it.
        clock: real time; leases do not follow the business clock.
    """

    def __init__(
        self, store: Store, name: str, duration: timedelta = timedelta(seconds=10), clock: Clock = system_clock
    ) -> None:
        self._leases = store.collection(COLLECTION)
        self._name = name
        self._duration = duration
        self._clock = clock
        self.holder = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"

    def acquire(self) -> bool:
        """Take or renew the lease; tell whether this process holds it now."""
        now = self._clock()
        claim = {"holder": self.holder, "expires": now + self._duration}
        free = {"_id": self._name, "$or": [{"holder": self.holder}, {"expires": {"$lte": now}}]}
        if self._leases.update_one(free, {"$set": claim}).matched_count == 1:
            return True
        try:
            self._leases.insert_one({"_id": self._name, **claim})
        except DuplicateKeyError:
            return False
        return True

    def release(self) -> None:
        """Give the lease back, if this process holds it."""
        self._leases.delete_one({"_id": self._name, "holder": self.holder})

    def expires(self) -> datetime | None:
        """Return when the present holder loses it, or None when nobody has it."""
        row = self._leases.find_one({"_id": self._name})
        return row["expires"] if row else None

    @contextmanager
    def hold(self, stop: threading.Event | None = None) -> Iterator[threading.Event]:
        """Wait for the lease, keep it renewed inside the block, give it back at the end.

        Yields:
            An event that is set when the lease was lost: whoever holds it must stop then.
        """
        stop = stop or threading.Event()
        lost = threading.Event()
        while not self.acquire():
            if stop.wait(self._duration.total_seconds() / 4):
                lost.set()
                yield lost
                return
        renewer = threading.Thread(target=self._renew, args=(lost,), name=f"lease-{self._name}", daemon=True)
        renewer.start()
        try:
            yield lost
        finally:
            lost.set()
            renewer.join()
            self.release()

    def _renew(self, lost: threading.Event) -> None:
        deadline = self._clock() + self._duration
        while not lost.wait(self._duration.total_seconds() / 4):
            try:
                if not self.acquire():
                    log.warning("lease_lost", lease=self._name)
                    lost.set()
                    return
                deadline = self._clock() + self._duration
            except PyMongoError as error:
                log.warning("lease_not_renewed", lease=self._name, error=type(error).__name__)
                if self._clock() >= deadline:
                    lost.set()
                    return
