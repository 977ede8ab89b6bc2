"""Numbers of dossiers in MongoDB: one counter document an agency, with the day it counts."""

from __future__ import annotations

from datetime import date

from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from motcua_dossier.adapters.collections import SEQUENCES
from motcua_kit.domain import Conflict
from motcua_kit.store import Store


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
        """
        counter = self._counters.find_one({"_id": agency}, session=session)
        if counter is None:
            message = f"agency {agency} has no counter: its drafts were made without one"
            raise ValueError(message)
        today = day.isoformat()
        number: int = counter["last"] + 1 if counter["day"] == today else 1
        taken = self._counters.update_one(
            {"_id": agency, "day": counter["day"], "last": counter["last"]},
            {"$set": {"day": today, "last": number}},
            session=session,
        )
        if taken.matched_count == 0:
            raise Conflict("CONFLICT", "another dossier took the number", resource=f"sequences/{agency}")
        return number
