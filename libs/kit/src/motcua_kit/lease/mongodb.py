"""A lease in a service's database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pymongo.errors import DuplicateKeyError, PyMongoError

from motcua_kit.clock import Clock, system_clock
from motcua_kit.lease.base import Lease, LeaseUnavailable

if TYPE_CHECKING:
    from motcua_kit.store.connection import Store

COLLECTION = "_leases"


class MongoLease(Lease):
    """A lease as a document with the time at which it runs out.

    Args:
        store: where the lease lives.
        name: what the holder may do alone, e.g. `relay`.
        duration: how long a silent holder keeps it; clocks may differ by a third of it.
        clock: real time; leases do not follow the business clock.
    """

    def __init__(
        self, store: Store, name: str, duration: timedelta = timedelta(seconds=10), clock: Clock = system_clock
    ) -> None:
        super().__init__(name, duration)
        self._leases = store.collection(COLLECTION)
        self._clock = clock

    def acquire(self) -> bool:
        """Take or renew the lease; tell whether this process holds it now."""
        now = self._clock()
        claim = {"holder": self.holder, "expires": now + self.duration}
        free = {"_id": self.name, "$or": [{"holder": self.holder}, {"expires": {"$lte": now}}]}
        with _outages():
            if self._leases.update_one(free, {"$set": claim}).matched_count == 1:
                return True
            try:
                self._leases.insert_one({"_id": self.name, **claim})
            except DuplicateKeyError:
                return False
        return True

    def release(self) -> None:
        """Give the lease back, if this process holds it."""
        with _outages():
            self._leases.delete_one({"_id": self.name, "holder": self.holder})

    def expires(self) -> datetime | None:
        """Return when the present holder loses it, or None when nobody has it."""
        row = self._leases.find_one({"_id": self.name})
        return row["expires"] if row else None


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        message = f"the database does not answer: {type(error).__name__}"
        raise LeaseUnavailable(message) from error
