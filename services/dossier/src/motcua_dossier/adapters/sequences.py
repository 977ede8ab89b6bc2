"""Numbers of dossiers in MongoDB: one counter document an agency, with the days it counts."""

from __future__ import annotations

from datetime import date
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from motcua_dossier.adapters.collections import SEQUENCES
from motcua_kit.domain import Conflict
from motcua_kit.store import Store

KEPT_DAYS = 7
"""Earlier days that a counter still knows: around midnight the clocks of two servers may see two days."""


class MongoSequences:
    """Counters; see `ports.Sequences`.

    The counter is made when the first draft names the agency, so that submissions only ever update it: two of them at
    once are a write conflict, and one runs again.
    """

    def __init__(self, store: Store) -> None:
        self._counters = store.collection(SEQUENCES)

    def ensure(self, agency: str) -> None:
        """See `ports.Sequences.ensure`."""
        if self._counters.find_one({"_id": agency}, {"_id": 1}) is None:
            try:
                self._counters.insert_one({"_id": agency, "day": "", "last": 0})
            except DuplicateKeyError:
                return  # another draft was faster

    def next(self, agency: str, day: date, session: ClientSession) -> int:
        """See `ports.Sequences.next`.

        Raises:
            Conflict: another transaction took the number.
            ValueError: the day is so long ago that nobody knows how far it had been counted.
        """
        counter = self._counters.find_one({"_id": agency}, session=session)
        if counter is None:
            message = f"agency {agency} has no counter: its drafts were made without one"
            raise ValueError(message)
        number, changed = _counted(counter, day.isoformat())
        seen = {name: counter.get(name) for name in ("day", "last", "earlier")}
        taken = self._counters.update_one({"_id": agency, **seen}, {"$set": changed}, session=session)
        if taken.matched_count == 0:
            raise Conflict("CONFLICT", "another dossier took the number", resource=f"sequences/{agency}")
        return number


def _counted(counter: dict[str, Any], day: str) -> tuple[int, dict[str, Any]]:
    """Return the next number of a day, and what becomes of the counter with it."""
    latest, last, earlier = counter["day"], counter["last"], counter.get("earlier") or {}
    if day == latest:
        return last + 1, {"last": last + 1}
    if day > latest:
        days = sorted({**earlier, latest: last} if latest else earlier)[-KEPT_DAYS:]
        return 1, {"day": day, "last": 1, "earlier": {one: earlier.get(one, last) for one in days}}
    if len(earlier) >= KEPT_DAYS and day < min(earlier):
        message = f"{counter['_id']} counts {latest}, nobody knows how far {day} was counted: is the clock right?"
        raise ValueError(message)
    number = earlier.get(day, 0) + 1
    return number, {"earlier": {**earlier, day: number}}
