"""Clients, credentials, keys and the short-lived records of sign-ins in MongoDB.

None of these are aggregates: they have no history to show and no events to send, and most live for minutes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

import cattrs
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from motcua_identity.adapters.secrets import FernetSealer
from motcua_identity.application.ports import Credential
from motcua_identity.domain.oidc import AuthorizationCode, LoginSession, OidcClient, PendingSignIn, TokenFamily
from motcua_identity.domain.signing_key import SigningKey
from motcua_kit.store import Collection, Store

Record = TypeVar("Record")

EXPIRY = IndexModel([("expire_time", ASCENDING)], name="expiry", expireAfterSeconds=3600)
"""Expired records are useless at once, and are kept an hour longer so that a late replay is still recognised."""

COLLECTIONS = (
    Collection("oidc_clients", aggregates=False),
    Collection("credentials", aggregates=False),
    Collection(
        "signing_keys",
        [
            IndexModel(
                [("first", ASCENDING)],
                name="first",
                unique=True,
                partialFilterExpression={"first": {"$exists": True}},
            )
        ],
        aggregates=False,
    ),
    Collection("sign_ins", [EXPIRY], aggregates=False),
    Collection("sessions", [EXPIRY], aggregates=False),
    Collection("codes", [EXPIRY], aggregates=False),
    Collection("token_families", [EXPIRY, IndexModel([("session_id", ASCENDING)], name="session")], aggregates=False),
)

_converter = cattrs.Converter()
_converter.register_unstructure_hook(datetime, lambda value: value)
_converter.register_structure_hook(datetime, lambda value, _: value.astimezone(UTC))


class _Records:
    """Dataclasses in one collection; the field `key` is the document's `_id`."""

    def __init__(self, store: Store, collection: str, key: str = "id") -> None:
        self.documents = store.collection(collection)
        self._key = key

    def get(self, identity: str, cls: type[Record]) -> Record | None:
        document = self.documents.find_one({"_id": identity})
        return None if document is None else self.load(document, cls)

    def load(self, document: dict[str, Any], cls: type[Record]) -> Record:
        return _converter.structure({**document, self._key: document["_id"]}, cls)

    def document(self, record: object) -> dict[str, Any]:
        document: dict[str, Any] = _converter.unstructure(record)
        document["_id"] = document.pop(self._key)
        return document

    def insert(self, record: object, *, session: ClientSession | None = None, **more: object) -> None:
        self.documents.insert_one({**self.document(record), **more}, session=session)

    def put(self, record: object) -> None:
        document = self.document(record)
        self.documents.replace_one({"_id": document["_id"]}, document, upsert=True)


class MongoClients:
    """OIDC clients."""

    def __init__(self, store: Store) -> None:
        self._records = _Records(store, "oidc_clients")

    def get(self, client_id: str) -> OidcClient | None:
        """Return the client with this id."""
        return self._records.get(client_id, OidcClient)

    def put(self, client: OidcClient) -> None:
        """Save or replace a client."""
        self._records.put(client)


class MongoCredentials:
    """Officers' credentials."""

    def __init__(self, store: Store) -> None:
        self._records = _Records(store, "credentials", "username")

    def get(self, username: str) -> Credential | None:
        """Return the credential for a user name."""
        return self._records.get(username, Credential)

    def put(self, credential: Credential) -> None:
        """Save or replace a credential."""
        self._records.put(credential)

    def use_step(self, username: str, step: int) -> bool:
        """Note that the one-time code of a time step was used; False when it, or a later one, was before."""
        fresh = {"_id": username, "last_step": {"$lt": step}}
        return self._records.documents.update_one(fresh, {"$set": {"last_step": step}}).matched_count == 1


class MongoSigningKeys:
    """Keys that sign tokens. A transaction replaces them: without a successor no key may be on its way out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records = _Records(store, "signing_keys", "kid")

    def all(self) -> list[SigningKey]:
        """Return all keys, also old ones."""
        return [self._records.load(document, SigningKey) for document in self._records.documents.find({})]

    def add_first(self, key: SigningKey) -> None:
        """Save a key unless there is one already, however many processes try."""
        if self._records.documents.find_one({}, {"_id": 1}) is not None:
            return
        try:
            self._records.insert(key, first=True)
        except DuplicateKeyError:
            return  # another process was faster: its key will do

    def replace(self, retired: list[SigningKey], key: SigningKey) -> None:
        """Save a key and the end of the others, all or nothing."""

        def work(session: ClientSession) -> None:
            for old in retired:
                self._records.documents.update_one(
                    {"_id": old.kid}, {"$set": {"expire_time": old.expire_time}}, session=session
                )
            self._records.insert(key, session=session)

        self._store.run_transaction(work)


SEALED = {"credentials": "sealed_totp_secret", "signing_keys": "sealed_private_key"}
"""What is kept encrypted: a field by collection."""


def reseal(store: Store, sealer: FernetSealer) -> int:
    """Encrypt with the present key what a former one has sealed; returns how many secrets. Doing it again does no harm.

    Raises:
        SealError: something was sealed with a key that is not known any more.
    """
    count = 0
    for collection, field in SEALED.items():
        documents = store.collection(collection)
        for document in documents.find({}, {field: 1}):
            before = document[field]
            # What somebody seals anew meanwhile is sealed with the present key already.
            documents.update_one({"_id": document["_id"], field: before}, {"$set": {field: sealer.reseal(before)}})
            count += 1
    return count


class MongoGrantStore:
    """Sign-ins, sessions, codes and token families."""

    def __init__(self, store: Store) -> None:
        self._sign_ins = _Records(store, "sign_ins")
        self._sessions = _Records(store, "sessions")
        self._codes = _Records(store, "codes")
        self._families = _Records(store, "token_families")

    def save_sign_in(self, sign_in: PendingSignIn) -> None:
        """Save."""
        self._sign_ins.insert(sign_in)

    def sign_in(self, id: str) -> PendingSignIn | None:
        """Return."""
        return self._sign_ins.get(id, PendingSignIn)

    def end_sign_in(self, id: str) -> bool:
        """Forget; False when somebody else was faster."""
        return self._sign_ins.documents.delete_one({"_id": id}).deleted_count == 1

    def save_session(self, session: LoginSession) -> None:
        """Save."""
        self._sessions.insert(session)

    def session(self, id: str) -> LoginSession | None:
        """Return."""
        return self._sessions.get(id, LoginSession)

    def end_session(self, id: str) -> None:
        """Forget the session and revoke the token families that come from it."""
        self._families.documents.update_many({"session_id": id}, {"$set": {"revoked": True}})
        self._sessions.documents.delete_one({"_id": id})

    def save_code(self, code: AuthorizationCode) -> None:
        """Save."""
        self._codes.insert(code, used=False)

    def code(self, id: str) -> AuthorizationCode | None:
        """Return, used or not."""
        return self._codes.get(id, AuthorizationCode)

    def use_code(self, id: str) -> bool:
        """Mark as used; False when it was before."""
        return self._codes.documents.update_one({"_id": id, "used": False}, {"$set": {"used": True}}).matched_count == 1

    def save_family(self, family: TokenFamily) -> None:
        """Save."""
        self._families.insert(family)

    def family(self, id: str) -> TokenFamily | None:
        """Return, revoked or not."""
        return self._families.get(id, TokenFamily)

    def rotate(self, family_id: str, current: str, following: str) -> bool:
        """Replace the valid token; False when `current` is not the valid one."""
        valid = {"_id": family_id, "current": current, "revoked": False}
        return self._families.documents.update_one(valid, {"$set": {"current": following}}).matched_count == 1

    def revoke(self, family_id: str) -> None:
        """Make every token of a family invalid."""
        self._families.documents.update_one({"_id": family_id}, {"$set": {"revoked": True}})
