"""Dossiers of the system before this one, in MongoDB."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from motcua_dossier.adapters.collections import DOSSIERS
from motcua_dossier.application.importing import Prepared, Saved
from motcua_dossier.domain.past import PastDossier
from motcua_kit.command import Command
from motcua_kit.store import HistoryEntry, Store, entries_by, insert_absent, loaded_document


class MongoTakenOver:
    """See `importing.TakenOver`. The fingerprint stays in the history, as the request id of the import."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, dossiers: Sequence[Prepared], load: Command) -> list[Saved]:
        """See `importing.TakenOver.save`."""
        if not dossiers:
            return []
        documents = [
            loaded_document(
                DOSSIERS,
                one.dossier,
                history_of(one.past, load.actor),
                dataclasses.replace(load, request_id=one.fingerprint),
            )
            for one in dossiers
        ]
        left = insert_absent(self._store, DOSSIERS, documents)
        found = entries_by(self._store, DOSSIERS, load.name, {documents[position]["_id"] for position in left})
        return [self._saved(one, found, left=position in left) for position, one in enumerate(dossiers)]

    @staticmethod
    def _saved(one: Prepared, found: dict[str, HistoryEntry], *, left: bool) -> Saved:
        if not left:
            return Saved.NEW
        entry = found.get(one.dossier.id)
        if entry is None:
            return Saved.CODE_TAKEN
        return Saved.KNOWN if entry.request_id == one.fingerprint else Saved.OTHER_CONTENT


def history_of(past: PastDossier, nobody: str) -> Iterator[HistoryEntry]:
    """Yield what happened, from the draft on, of which the old system knows only that it was submitted.

    Args:
        past: what the old system says.
        nobody: who stands for an actor whom identity does not know.
    """
    first = past.steps[0]
    yield HistoryEntry(first.time, first.actor or nobody, "CreateDossier", 1)
    for version, step in enumerate(past.steps, start=2):
        yield HistoryEntry(step.time, step.actor or nobody, step.action.value, version, reason=step.reason)
