"""Who read a person's data: noted before the answer, told to identity by event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from motcua_kit.access import Caller
from motcua_kit.access_log import ACCESS_RECORDS, COLLECTION, AccessLog
from motcua_kit.rpc.call import Call, enter
from motcua_kit.store import Store, ensure_collections
from motcua_kit.testing import citizen, officer

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
READ = {"purpose": "NĐ 217/2026/NĐ-CP", "resource": "dossiers/1", "fields": ["full_name", "address"]}


def calling(caller: Caller) -> None:
    enter(Call("x", None, None, object, lambda: NOW, caller))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def own_call() -> Iterator[None]:
    calling(Caller())
    yield
    calling(Caller())


@pytest.fixture
def log(store: Store) -> AccessLog:
    ensure_collections(store, [ACCESS_RECORDS])
    return AccessLog(store, lambda: NOW)


def test_a_read_is_an_event_for_identity(log: AccessLog, store: Store) -> None:
    calling(officer("handler", name="officers/1"))
    log.record_call(person="accounts/an", **READ)  # type: ignore[arg-type]
    (record,) = store.collection(COLLECTION).find()
    (event,) = record["outbox"]
    assert (event["type"], event["time"]) == ("access.recorded", NOW)
    assert event["data"] == {"person": "accounts/an", "reader": "officers/1", "on_behalf_of": "officers/1", **READ}


def test_a_service_says_for_whom_it_reads(log: AccessLog, store: Store) -> None:
    calling(Caller("services/permits", "service", on_behalf_of="officers/2"))
    log.record_call(person="accounts/an", **READ)  # type: ignore[arg-type]
    (record,) = store.collection(COLLECTION).find()
    assert record["outbox"][0]["data"]["reader"] == "services/permits"
    assert record["outbox"][0]["data"]["on_behalf_of"] == "officers/2"


def test_people_who_read_their_own_data_are_not_noted(log: AccessLog, store: Store) -> None:
    calling(citizen("accounts/an"))
    log.record_call(person="accounts/an", **READ)  # type: ignore[arg-type]
    assert store.collection(COLLECTION).count_documents({}) == 0


def test_the_same_read_twice_is_two_reads(log: AccessLog, store: Store) -> None:
    for _ in range(2):
        log.record(person="accounts/an", reader="officers/1", **READ)  # type: ignore[arg-type]
    assert store.collection(COLLECTION).count_documents({}) == 2
