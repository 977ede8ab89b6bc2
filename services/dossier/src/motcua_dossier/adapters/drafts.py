"""Deletion of drafts in MongoDB."""

from __future__ import annotations

from motcua_dossier.adapters.collections import DOSSIERS
from motcua_dossier.domain.states import State
from motcua_kit.command import Command
from motcua_kit.store import Store, remove


class MongoDrafts:
    """See `ports.Drafts`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def delete(self, identity: str, version: int, command: Command) -> bool:
        """See `ports.Drafts.delete`; the state stands in the filter, so that nothing submitted can go."""
        query = {"_id": identity, "version": version, "state": State.DRAFT.value}
        return remove(self._store, DOSSIERS, query, command)
