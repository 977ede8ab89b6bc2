"""Migrations: each step once, in order, whoever runs them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo import IndexModel
from pymongo.errors import WriteError

from motcua_kit.lease import LeaseUnavailable
from motcua_kit.lease.mongodb import COLLECTION
from motcua_kit.store import Collection, Migration, Store, ensure_collections, migrate, pending_migrations


def step(identity: str, done: list[str]) -> Migration:
    return Migration(identity, lambda _: done.append(identity))


def test_steps_run_once_in_order(store: Store) -> None:
    done: list[str] = []
    first = [step("0001_a", done), step("0002_b", done)]
    assert migrate(store, first) == ["0001_a", "0002_b"]
    both = [*first, step("0003_c", done)]
    assert [each.id for each in pending_migrations(store, both)] == ["0003_c"]
    assert migrate(store, both) == ["0003_c"]
    assert migrate(store, both) == []
    assert done == ["0001_a", "0002_b", "0003_c"]


def test_processes_that_start_together_run_a_step_once(store: Store) -> None:
    done: list[str] = []
    steps = [step("0001_a", done), step("0002_b", done)]
    with ThreadPoolExecutor(2) as pool:
        applied = list(pool.map(lambda _: migrate(store, steps), range(2)))
    assert done == ["0001_a", "0002_b"]
    assert sum(applied, []) == ["0001_a", "0002_b"]  # noqa: RUF017 - two short lists


def test_a_step_that_fails_is_tried_again_and_nothing_after_it_runs(store: Store) -> None:
    done: list[str] = []
    broken = Migration("0002_b", lambda _: (_ for _ in ()).throw(ValueError("no")))
    with pytest.raises(ValueError, match="no"):
        migrate(store, [step("0001_a", done), broken, step("0003_c", done)])
    assert done == ["0001_a"]
    assert migrate(store, [step("0001_a", done), step("0002_b", done), step("0003_c", done)]) == ["0002_b", "0003_c"]
    assert done == ["0001_a", "0002_b", "0003_c"]


def test_collections_are_made_and_brought_up_to_date(store: Store) -> None:
    schema = {"bsonType": "object", "required": ["name"]}
    for _ in range(2):
        ensure_collections(store, [Collection("things", [IndexModel("name", name="by_name")], schema)])
    names = set(store.collection("things").index_information())
    assert {"by_name", "created_by", "pending"} <= names
    with pytest.raises(WriteError, match="validation"):
        store.collection("things").insert_one({"_id": 1})
    ensure_collections(store, [Collection("things", schema={"bsonType": "object"})])
    store.collection("things").insert_one({"_id": 1})


def test_a_plain_collection_has_no_indexes_of_the_write_path(store: Store) -> None:
    ensure_collections(store, [Collection("plain", aggregates=False)])
    assert set(store.collection("plain").index_information()) == {"_id_"}


def test_who_lost_the_lease_goes_no_further(store: Store) -> None:
    done: list[str] = []

    def lose(store: Store) -> None:
        store.collection(COLLECTION).update_one({"_id": "migrations"}, {"$set": {"holder": "somebody else"}})
        threads = [thread for thread in threading.enumerate() if thread.name == "lease-migrations"]
        for thread in threads:  # they end when the loss is noticed
            thread.join(30)

    with pytest.raises(LeaseUnavailable, match="lost the lease before 0002_b"):
        migrate(store, [Migration("0001_a", lose), step("0002_b", done)])
    assert not done
