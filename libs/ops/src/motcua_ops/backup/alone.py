"""Nobody else at work in the databases while they are restored."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from motcua_kit.lease import MongoLease
from motcua_kit.store import Store
from motcua_kit.store.migrations import JOURNAL
from motcua_ops.backup.stores import Stores
from motcua_ops.errors import OpsError

LEASES = ("migrations", "relay")
PATIENCE = 15.0
"""Seconds to wait for a lease: longer than a dead holder keeps it."""

_STOP = (
    "stop the services first: kubectl scale deployment -l app.kubernetes.io/name=motcua,motcua.io/service --replicas=0"
)


@dataclass(frozen=True)
class _Held:
    database: str
    store: Store
    lease: MongoLease


class Alone:
    """The leases of all databases, held."""

    def __init__(self, held: list[_Held]) -> None:
        self._held = held

    def check(self) -> None:
        """See that nobody has worked there although the leases ran out, as they do where a database stands still.

        Raises:
            OpsError: somebody holds a lease, or has migrated.
        """
        for one in self._held:
            if not one.lease.acquire() or JOURNAL in one.store.database.list_collection_names():
                raise OpsError(f"{one.database}: somebody began to work there during the restore; {_STOP}")


@contextmanager
def alone(stores: Stores) -> Iterator[Alone]:
    """Hold the leases of all databases for the block, so that no migration and no relay starts.

    Raises:
        OpsError: somebody is at work there.
    """
    held = []
    with ExitStack() as stack:
        for part in stores.parts.values():
            store = Store(stores.settings.mongodb_uri.get_secret_value(), part.database, "motcua-restore")
            stack.callback(store.close)
            for name in LEASES:
                lease = MongoLease(store, name)
                impatient = threading.Event()
                timer = threading.Timer(PATIENCE, impatient.set)
                timer.start()
                lost = stack.enter_context(lease.hold(impatient))
                timer.cancel()
                if lost.is_set():
                    raise OpsError(f"{part.database}: somebody holds the lease `{name}`; {_STOP}")
                held.append(_Held(part.database, store, lease))
        yield Alone(held)
