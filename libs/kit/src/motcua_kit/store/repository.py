"""The write path: one aggregate, one document, one write.

    update_one({_id, version}, {$set: state, $inc: version, $push: {history, chain, outbox, requests, replies}})

matched 1: done, with its events and its reply; matched 0: somebody was faster, or this very request came before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Generic

from opentelemetry.propagate import inject
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from motcua_kit.command import Command, no_reply
from motcua_kit.domain import (
    AlreadyExists,
    Conflict,
    DomainError,
    Event,
    NotFound,
    StaleVersion,
    ValidationFailed,
)
from motcua_kit.store.chain import Head, extend
from motcua_kit.store.connection import Document, Store
from motcua_kit.store.documents import AggregateType, from_document, to_document, to_plain
from motcua_kit.store.history import HistoryEntry, entry_of
from motcua_kit.store.loading import insert_absent
from motcua_kit.store.paging import Page, PageSigner, Sort, behind

MAX_ATTEMPTS = 8
KNOWN_REQUESTS = 32
"""Requests that a document knows: a repeat is recognised until so many later ones have changed the same aggregate."""
KEPT_REPLIES = 4
"""Replies kept in a document. They are most of its bytes, and a repeat mostly comes at once."""

_HEAD = "_chain_head"

STATE = {"history": 0, "chain": 0, "outbox": 0, "pending": 0, "requests": 0, "replies": 0, "created_by": 0}


class Replayed(Exception):
    """The request was done before; `reply` is what it was answered then."""

    def __init__(self, reply: bytes) -> None:
        super().__init__("request was done before")
        self.reply = reply


class Repository(Generic[AggregateType]):
    """All aggregates of one kind.

    Args:
        store: the service's database.
        cls: the aggregate's class.
        collection: collection of the documents.
        resource: collection in resource names, e.g. `permitApplications`; the same as `collection` when empty.
        signer: signs page tokens.
    """

    def __init__(
        self,
        store: Store,
        cls: type[AggregateType],
        collection: str,
        resource: str = "",
        signer: PageSigner | None = None,
    ) -> None:
        self._store = store
        self._documents = store.collection(collection)
        self._cls = cls
        self._resource = resource or collection
        self._signer = signer or PageSigner("")

    def name_of(self, identity: str) -> str:
        """Return the resource name for an id."""
        return f"{self._resource}/{identity}"

    def get(self, identity: str, *, session: ClientSession | None = None) -> AggregateType:
        """Return one aggregate.

        Raises:
            NotFound: there is none with this id.
        """
        document = self._documents.find_one({"_id": identity}, STATE, session=session)
        if document is None:
            raise NotFound(resource=self.name_of(identity))
        return self._loaded(document)

    def create(
        self, aggregate: AggregateType, command: Command, *, session: ClientSession | None = None
    ) -> AggregateType:
        """Save a new aggregate with its events; a repeat of the command creates nothing.

        Raises:
            AlreadyExists: an aggregate with this identity, or with the same unique value, is there.
            Replayed: the command was done before and its reply is known.
            ValidationFailed: the request id was used before with other content.
        """
        # In a transaction a failed insert ends the whole of it, so a repeat must be seen before.
        if session and (earlier := self._created_by(command, session)):
            return self._replay(earlier, command)
        document = self._new_document(aggregate, command)
        try:
            self._documents.insert_one(document, session=session)
        except DuplicateKeyError as error:
            if earlier := self._created_by(command, None):
                return self._replay(earlier, command)
            raise AlreadyExists(
                "ALREADY_EXISTS", f"{self._resource} has one already", resource=self.name_of(aggregate.id)
            ) from error
        return aggregate

    def create_absent(self, aggregates: Sequence[AggregateType], command: Command) -> list[AggregateType]:
        """Save those of several new aggregates that are not there yet, with their events, in one round trip.

        Each is a part of the command (`Command.derived`) and saved whole or not at all; a repeat saves what is missing.

        Returns:
            The aggregates in the same order, those that were there as they are.

        Raises:
            NotFound: another aggregate has one's unique value.
            DependencyDown: the database does not answer, or refuses.
        """
        if not aggregates:
            return []
        documents = [self._new_document(one, command.derived(one.id)) for one in aggregates]
        there = insert_absent(self._store, self._documents.name, documents)
        return [self.get(one.id) if position in there else one for position, one in enumerate(aggregates)]

    def change(
        self,
        identity: str,
        command: Command,
        mutate: Callable[[AggregateType], None],
        *,
        etag: str = "",
        session: ClientSession | None = None,
        known: AggregateType | None = None,
    ) -> AggregateType:
        """Load, mutate and save one aggregate in a compare-and-set; returns it as saved.

        Without an etag a lost race is run again on the fresh state, with one it is the caller's to decide.

        Args:
            identity: its id.
            command: who changes it, when, and under which request id.
            mutate: changes it.
            etag: the version that the caller has seen; empty for any.
            session: of a transaction.
            known: the aggregate as `get` has just returned it, which then is not read again but changed itself. Not in
                a transaction, which must read for itself.

        Raises:
            NotFound: there is no such aggregate.
            StaleVersion: the etag is not the current one.
            Conflict: other writers won every race.
            Replayed: the command was done before and its reply is known.
            ValidationFailed: the request id was used before with other content.
            DomainError: whatever `mutate` raises; nothing is saved then.
        """
        for _ in range(MAX_ATTEMPTS):
            aggregate, known = known or self.get(identity, session=session), None
            if etag and etag != aggregate.etag:
                return self._settled(identity, command, session, self._stale(identity))
            try:
                mutate(aggregate)
            except DomainError as refusal:
                return self._settled(identity, command, session, refusal)
            if self._save(aggregate, command, session):
                return aggregate
            if done := self._earlier(identity, command, session):
                return self._replay(done, command)
            if etag or session:
                raise self._stale(identity)
        raise Conflict("CONFLICT", "others changed it at the same time", resource=self.name_of(identity))

    def find(self, query: Mapping[str, Any], sort: Sort = (("_id", 1),), limit: int = 0) -> list[AggregateType]:
        """Return the aggregates that a query on indexed fields matches."""
        cursor = self._documents.find(dict(query), STATE, sort=list(sort), limit=limit)
        return [self._loaded(document) for document in cursor]

    def page(self, query: Mapping[str, Any], sort: Sort, page: Page) -> tuple[list[AggregateType], str]:
        """Return one page of a query and the token for the next; the token is empty on the last page.

        Raises:
            ValidationFailed: the page token is not valid for this call.
        """
        order = [*sort, ("_id", sort[-1][1] if sort else 1)]
        ranges: Sequence[Mapping[str, Any]] = [query]
        if page.token:
            ranges = behind(query, order, self._signer.values(page.token, page.scope, len(order)))
        documents: list[Document] = []
        for part in ranges:
            if (missing := page.limit + 1 - len(documents)) > 0:
                documents += self._documents.find(dict(part), STATE, sort=order, limit=missing)
        token = ""
        if len(documents) > page.limit:
            documents.pop()
            token = self._signer.token([_field(documents[-1], name) for name, _ in order], page.scope)
        return [self._loaded(document) for document in documents], token

    def history(self, identity: str) -> list[HistoryEntry]:
        """Return all changes of an aggregate, oldest first.

        Raises:
            NotFound: there is no such aggregate.
        """
        document = self._documents.find_one({"_id": identity}, {"history": 1})
        if document is None:
            raise NotFound(resource=self.name_of(identity))
        return [HistoryEntry(**entry) for entry in document["history"]]

    def _new_document(self, aggregate: AggregateType, command: Command) -> Document:
        """Return the first document of an aggregate, with the events that it has recorded."""
        aggregate.version = 1
        aggregate.create_time = aggregate.update_time = command.time
        events = aggregate.take_events()
        document = to_document(aggregate)
        entry = entry_of(command, 1)
        document["history"] = [entry]
        document["chain"], head = extend(self._stored_name(aggregate.id), Head(), [entry])
        document["chain_head"] = asdict(head)
        vars(aggregate)[_HEAD] = head
        document["outbox"] = self._outbox(aggregate, events, command.time)
        if events:
            document["pending"] = True
        if command.key:
            document["created_by"] = command.key
            document["requests"] = [_request(command)]
            document["replies"] = _replies(command, aggregate)
        return document

    def _loaded(self, document: Document) -> AggregateType:
        """Return the aggregate in a document. It carries the end of its chain, which is no part of its state."""
        aggregate = from_document(document, self._cls)
        vars(aggregate)[_HEAD] = Head.of(document)
        return aggregate

    def _save(self, aggregate: AggregateType, command: Command, session: ClientSession | None) -> bool:
        """Write the state over the version it was read at; tell whether that version was still there."""
        before = aggregate.version
        aggregate.version = before + 1
        aggregate.update_time = command.time
        events = aggregate.take_events()
        state = to_document(aggregate)
        del state["_id"]
        entry = entry_of(command, aggregate.version)
        query: Document = {"_id": aggregate.id, "version": before}
        adopted, head = self._head(aggregate, query, command, session)
        links, head = extend(self._stored_name(aggregate.id), head, [entry])
        state["chain_head"] = asdict(head)
        vars(aggregate)[_HEAD] = head
        push: dict[str, Any] = {"history": entry, "chain": {"$each": [*adopted, *links]}}
        if events:
            push["outbox"] = {"$each": self._outbox(aggregate, events, command.time)}
            state["pending"] = True
        if command.key:
            query["requests.key"] = {"$ne": command.key}
            push["requests"] = {"$each": [_request(command)], "$slice": -KNOWN_REQUESTS}
            if replies := _replies(command, aggregate):
                push["replies"] = {"$each": replies, "$slice": -KEPT_REPLIES}
        # update_one and its count, not findAndModify: the one index look-up is all it costs on every server.
        return self._documents.update_one(query, {"$set": state, "$push": push}, session=session).matched_count == 1

    def _head(
        self, aggregate: AggregateType, query: Document, command: Command, session: ClientSession | None
    ) -> tuple[list[Document], Head]:
        """Return the end of the chain, and links for what an older version wrote without; that costs a read, if any.

        Links may be added without a new version (`motcua audit adopt`): then the query wants the end that was read.
        """
        head: Head = vars(aggregate).get(_HEAD, Head())
        version = query["version"]
        if head.length == version:
            return [], head
        parts = {"history": 1, "chain_head": 1}
        document = self._documents.find_one({"_id": aggregate.id}, parts, session=session) or {"history": []}
        head = Head.of(document)
        entries = [entry for entry in document["history"] if head.length < entry["version"] <= version]
        query["chain_head.length"] = head.length or {"$exists": False}
        return extend(self._stored_name(aggregate.id), head, entries, adopted=command.time)

    def _stored_name(self, identity: str) -> str:
        return f"{self._documents.name}/{identity}"

    def _outbox(self, aggregate: AggregateType, events: Sequence[Event], time: datetime) -> list[Document]:
        subject = self.name_of(aggregate.id)
        carrier: dict[str, str] = {}
        inject(carrier)
        return [
            {
                "id": f"{subject}#{aggregate.version}.{position}",
                "type": event.type,
                "subject": subject,
                "time": time,
                "data": to_plain(event),
                "trace": carrier,
            }
            for position, event in enumerate(events)
        ]

    def _created_by(self, command: Command, session: ClientSession | None) -> Document | None:
        return self._documents.find_one({"created_by": command.key}, session=session) if command.key else None

    def _earlier(self, identity: str, command: Command, session: ClientSession | None) -> Document | None:
        if not command.key:
            return None
        return self._documents.find_one({"_id": identity, "requests.key": command.key}, session=session)

    def _settled(
        self, identity: str, command: Command, session: ClientSession | None, refusal: DomainError
    ) -> AggregateType:
        """A refusal may only mean that this very request has already changed the state: then it is a repeat."""
        if done := self._earlier(identity, command, session):
            return self._replay(done, command)
        raise refusal

    def _replay(self, document: Document, command: Command) -> AggregateType:
        """Answer a repeat as the first time; when that reply is not kept, return the aggregate as it is now."""
        # A create is known by the document's `created_by` when later requests have pushed out what it was.
        asked = next((one for one in document.get("requests", ()) if one["key"] == command.key), None)
        if asked and asked["fingerprint"] != command.fingerprint:
            raise ValidationFailed(
                "REQUEST_ID_REUSED", "the request id was used before for another request", request_id=command.request_id
            )
        for kept in document.get("replies", ()):
            if kept["key"] == command.key:
                raise Replayed(kept["reply"])
        return self._loaded(document)

    def _stale(self, identity: str) -> StaleVersion:
        return StaleVersion(
            "ETAG_MISMATCH", "it was changed since you read it; read it again", resource=self.name_of(identity)
        )


def _field(document: Document, path: str) -> Any:
    value: Any = document
    for part in path.split("."):
        value = value[part]
    return value


def _request(command: Command) -> Document:
    return {"key": command.key, "fingerprint": command.fingerprint}


def _replies(command: Command, aggregate: object) -> list[Document]:
    if command.encode_reply is no_reply:
        return []
    return [{"key": command.key, "reply": command.encode_reply(aggregate)}]
