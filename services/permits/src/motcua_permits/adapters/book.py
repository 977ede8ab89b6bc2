"""The book of permit numbers in MongoDB."""

from __future__ import annotations

from collections.abc import Callable

from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from motcua_kit.command import Command
from motcua_kit.domain import Conflict
from motcua_kit.store import Repository, Store
from motcua_permits.adapters.collections import COUNTERS
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.permit import Permit
from motcua_permits.domain.states import ApplicationState


class MongoPermitBook:
    """Counter, permit and application change in one transaction, so that a number is given exactly when it is used.

    A transaction over three documents is the exception to one aggregate, one write: the law wants a sequence without
    gaps, and a number taken in a write of its own would be lost with the process that took it.
    """

    def __init__(self, store: Store, applications: Repository[PermitApplication], permits: Repository[Permit]) -> None:
        self._store = store
        self._applications = applications
        self._permits = permits
        self._counters = store.collection(COUNTERS)

    def enter(
        self,
        application: str,
        command: Command,
        *,
        unit: str,
        year: int,
        make: Callable[[PermitApplication, int], Permit],
    ) -> Permit | None:
        """See `PermitBook.enter`."""
        counter = f"{unit}/{year}"
        self._open(counter)

        def enter(session: ClientSession) -> Permit | None:
            current = self._applications.get(application, session=session)
            if current.permit:
                return self._permits.get(current.permit.removeprefix("permits/"), session=session)
            if current.state is ApplicationState.CLOSED:
                return None
            permit = self._permits.create(make(current, self._next(counter, session)), command, session=session)
            self._applications.change(
                application, command, lambda changed: changed.take_permit(permit.name), session=session
            )
            return permit

        return self._store.run_transaction(enter)

    def _open(self, counter: str) -> None:
        """Begin a sequence before its first transaction; an upsert inside it could race with itself."""
        if self._counters.find_one({"_id": counter}) is not None:
            return
        try:
            self._counters.insert_one({"_id": counter, "value": 0})
        except DuplicateKeyError:
            return  # somebody else has just begun it

    def _next(self, counter: str, session: ClientSession) -> int:
        found = self._counters.find_one({"_id": counter}, session=session)
        value = int(found["value"]) if found else 0
        taken = self._counters.update_one(
            {"_id": counter, "value": value}, {"$set": {"value": value + 1}}, session=session
        )
        if taken.matched_count != 1:
            raise Conflict("CONFLICT", "another permit took the number", resource=counter)
        return value + 1
