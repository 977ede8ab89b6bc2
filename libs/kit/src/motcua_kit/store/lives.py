"""Documents held against their history: each state must be one that its table reaches, each place in a queue be right.

What a service keeps for its queues and statistics is a consequence of what happened. A `Life` says how to compute it
again from the history, so that it can be compared with what is stored, and put right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from motcua_kit.domain import Machine
from motcua_kit.store.connection import Document, Store
from motcua_kit.store.documents import AggregateType, from_document, to_document
from motcua_kit.store.history import HistoryEntry

StateType = TypeVar("StateType", bound=Enum)

STAYS = ""
"""Among the steps of an action: it may have taken none."""

CREATION = 1
"""The first entry of a history makes the aggregate in its first state."""


@dataclass(frozen=True)
class Track(Generic[StateType]):
    """One state of an aggregate, and how its history moves it.

    Attributes:
        field: name of the state in the document.
        machine: the table.
        begin: state that an aggregate is made in.
        moves: for each action in histories, the steps of the table that it may have taken; an action that is not
            named takes none.
    """

    field: str
    machine: Machine[StateType]
    begin: StateType
    moves: Mapping[str, Sequence[str]]

    def problem(self, stored: StateType, history: Iterable[HistoryEntry]) -> str:
        """Say why the history does not lead to the stored state; empty when it does."""
        states = {self.begin}
        for entry in history:
            steps = self.moves.get(entry.action)
            if entry.version == CREATION or steps is None:
                continue
            reached = {after for state in states for step in steps if (after := self.machine.reach(state, step))}
            reached |= states if STAYS in steps else set()
            if not reached:
                return f"{self.field}: change {entry.version}, {entry.action}, is not possible in {_names(states)}"
            states = reached
        return "" if stored in states else f"{self.field} is {stored.name}; its history leads to {_names(states)}"


def _names(states: Iterable[Enum]) -> str:
    return " or ".join(sorted(state.name for state in states))


def _nothing(_aggregate: Any, _history: Sequence[HistoryEntry]) -> None:
    return


@dataclass(frozen=True)
class Life(Generic[AggregateType]):
    """How the documents of one collection follow from their histories.

    Attributes:
        collection: name in the database.
        cls: the aggregate's class.
        tracks: its states.
        rebuild: sets the fields that are kept for queues and statistics, from the other fields and the history.
        resource: collection in resource names; the same as `collection` when empty.
    """

    collection: str
    cls: type[AggregateType]
    tracks: Sequence[Track[Any]]
    rebuild: Callable[[AggregateType, Sequence[HistoryEntry]], None] = _nothing
    resource: str = ""

    def deviations(self, document: Document) -> Iterator[Deviation]:
        """Return where a document is not what its history makes of it."""
        resource = f"{self.resource or self.collection}/{document['_id']}"
        history = [HistoryEntry(**entry) for entry in document["history"]]
        versions = [entry.version for entry in history]
        if versions != list(range(1, document["version"] + 1)):
            yield Deviation(resource, f"is at change {document['version']}; its history has {versions}")
        aggregate = from_document(document, self.cls)
        for track in self.tracks:
            if problem := track.problem(getattr(aggregate, track.field), history):
                yield Deviation(resource, problem)
        stored = to_document(aggregate)
        self.rebuild(aggregate, history)
        right = {name: value for name, value in to_document(aggregate).items() if value != stored[name]}
        if right:
            stale = ", ".join(f"{name} is {stored[name]}, should be {value}" for name, value in right.items())
            yield Deviation(resource, stale, right)


@dataclass(frozen=True)
class Deviation:
    """A document that is not what its history makes of it.

    Attributes:
        resource: resource name.
        text: what is wrong.
        right: what the fields should be; empty when no computation can tell.
    """

    resource: str
    text: str
    right: Mapping[str, Any] = field(default_factory=dict)


def check(store: Store, lives: Iterable[Life[Any]]) -> Iterator[tuple[Deviation, bool]]:
    """Go through all documents and return what is wrong; nothing of it is set right.

    Each document is read in one piece, so the service may be at work meanwhile.
    """
    for life in lives:
        for document in store.collection(life.collection).find({}, sort=[("_id", 1)]):
            yield from ((deviation, False) for deviation in life.deviations(document))


def mend(store: Store, lives: Iterable[Life[Any]]) -> Iterator[tuple[Deviation, bool]]:
    """Set right what can be computed; return everything that was wrong, with whether it is right now.

    A document that is changed at the same moment is left alone: the change has computed its fields itself.
    """
    for life in lives:
        documents = store.collection(life.collection)
        for document in documents.find({}, sort=[("_id", 1)]):
            for deviation in life.deviations(document):
                if deviation.right:
                    query = {"_id": document["_id"], "version": document["version"]}
                    documents.update_one(query, {"$set": dict(deviation.right)})
                yield deviation, bool(deviation.right)
