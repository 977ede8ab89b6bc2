"""What a backup knows of the services is what they are."""

import importlib
from typing import Any

import pytest

from motcua_kit.service import Service
from motcua_kit.store import Store, migrate
from motcua_ops.backup.suite import load_suite
from motcua_ops.naming import SERVICES

SUITE = load_suite()


def service_of(name: str) -> Service[Any]:
    service: Service[Any] = importlib.import_module(f"motcua_{name}.bootstrap").SERVICE
    return service


def test_every_service_is_in_a_backup() -> None:
    assert set(SUITE) == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_the_bucket_of_a_service_is_in_it(name: str) -> None:
    assert bool(SUITE[name].bucket) == service_of(name).buckets
    assert bool(SUITE[name].object_versions) == service_of(name).buckets


@pytest.mark.parametrize("name", SERVICES)
def test_collections_are_named_as_the_service_names_them(name: str, store: Store) -> None:
    migrate(store, service_of(name).migrations)
    part, there = SUITE[name], set(store.database.list_collection_names())
    assert set(part.object_versions) <= there
    short_lived = {
        collection
        for collection in there
        for index in store.collection(collection).list_indexes()
        if "expireAfterSeconds" in index and "expire_time" in index["key"]
    }
    assert part.volatile == short_lived
