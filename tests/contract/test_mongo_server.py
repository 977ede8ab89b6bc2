"""What the suite relies on in a MongoDB server, feature by feature; run it against yours with MONGODB_URI."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson.decimal128 import Decimal128
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError, WriteError

from motcua_kit.store import Store


def test_compare_and_set_matches_only_the_version_that_was_read(store: Store) -> None:
    documents = store.collection("documents")
    documents.insert_one({"_id": "a", "version": 1})
    change = {"$set": {"version": 2}, "$push": {"history": {"version": 2}}}
    assert documents.update_one({"_id": "a", "version": 1}, change).matched_count == 1
    assert documents.update_one({"_id": "a", "version": 1}, change).matched_count == 0
    assert documents.find_one({"_id": "a"}) == {"_id": "a", "version": 2, "history": [{"version": 2}]}


def test_only_one_of_many_concurrent_writers_of_a_version_wins(store: Store) -> None:
    documents = store.collection("documents")
    documents.insert_one({"_id": "a", "version": 0})

    def increments(_: int) -> int:
        won = 0
        for version in range(20):
            won += documents.update_one({"_id": "a", "version": version}, {"$inc": {"version": 1}}).matched_count
        return won

    with ThreadPoolExecutor(4) as pool:
        total = sum(pool.map(increments, range(4)))
    document = documents.find_one({"_id": "a"})
    assert document is not None
    assert total == document["version"]


def test_push_with_each_and_slice_keeps_the_last(store: Store) -> None:
    documents = store.collection("documents")
    documents.insert_one({"_id": "a", "replies": [{"key": "1"}, {"key": "2"}]})
    documents.update_one({"_id": "a"}, {"$push": {"replies": {"$each": [{"key": "3"}], "$slice": -2}}})
    assert documents.find_one({"_id": "a"}) == {"_id": "a", "replies": [{"key": "2"}, {"key": "3"}]}


def test_not_equal_on_an_array_of_documents_means_none_equals(store: Store) -> None:
    documents = store.collection("documents")
    documents.insert_one({"_id": "a", "replies": [{"key": "1"}, {"key": "2"}]})
    assert documents.find_one({"_id": "a", "replies.key": {"$ne": "1"}}) is None
    assert documents.find_one({"_id": "a", "replies.key": {"$ne": "3"}}) is not None


def test_pull_by_a_list_of_ids_and_unset(store: Store) -> None:
    documents = store.collection("documents")
    documents.insert_one({"_id": "a", "pending": True, "outbox": [{"id": "1"}, {"id": "2"}, {"id": "3"}]})
    documents.update_one({"_id": "a"}, {"$pull": {"outbox": {"id": {"$in": ["1", "3"]}}}, "$unset": {"pending": ""}})
    assert documents.find_one({"_id": "a"}) == {"_id": "a", "outbox": [{"id": "2"}]}


def test_unique_partial_index_binds_only_documents_that_have_the_field(store: Store) -> None:
    documents = store.collection("documents")
    documents.create_indexes(
        [IndexModel("created_by", unique=True, partialFilterExpression={"created_by": {"$exists": True}})]
    )
    documents.insert_many([{"_id": "a"}, {"_id": "b"}, {"_id": "c", "created_by": "x"}])
    with pytest.raises(DuplicateKeyError):
        documents.insert_one({"_id": "d", "created_by": "x"})


def test_concurrent_inserts_of_one_unique_key_leave_one_document(store: Store) -> None:
    documents = store.collection("documents")
    documents.create_index("code", unique=True)

    def insert(number: int) -> int:
        try:
            documents.insert_one({"_id": number, "code": "same"})
        except DuplicateKeyError:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(insert, range(16))) == 1


def test_documents_that_break_a_schema_are_refused(store: Store) -> None:
    store.database.create_collection("documents")
    schema = {"bsonType": "object", "required": ["state"], "properties": {"state": {"enum": ["OPEN", "DONE"]}}}
    store.database.command("collMod", "documents", validator={"$jsonSchema": schema})
    store.collection("documents").insert_one({"_id": "a", "state": "OPEN"})
    with pytest.raises(WriteError):
        store.collection("documents").insert_one({"_id": "b", "state": "LOST"})


def test_keyset_order_over_a_compound_index(store: Store) -> None:
    documents = store.collection("documents")
    documents.create_index([("unit", ASCENDING), ("due", ASCENDING), ("_id", ASCENDING)])
    documents.insert_many([{"_id": n, "unit": "u", "due": n // 3} for n in range(12)])
    ranges = [{"unit": "u", "due": 1, "_id": {"$gt": 4}}, {"unit": "u", "due": {"$gt": 1}}]
    found = [row["_id"] for query in ranges for row in documents.find(query, sort=[("due", 1), ("_id", 1)], limit=2)]
    assert found == [5, 6, 7]


def test_transaction_commits_both_documents_or_none(store: Store) -> None:
    store.collection("counters").insert_one({"_id": "permits", "last": 0})
    store.collection("permits").create_index("number", unique=True)

    def issue(session: ClientSession) -> int:
        counters = store.collection("counters")
        counters.update_one({"_id": "permits"}, {"$inc": {"last": 1}}, session=session)
        row = counters.find_one({"_id": "permits"}, session=session)
        assert row is not None
        store.collection("permits").insert_one({"number": row["last"]}, session=session)
        return int(row["last"])

    with ThreadPoolExecutor(4) as pool:
        numbers = sorted(pool.map(lambda _: store.run_transaction(issue), range(12)))
    assert numbers == list(range(1, 13))

    class Broken(Exception):
        pass

    def fail(session: ClientSession) -> None:
        issue(session)
        raise Broken

    with pytest.raises(Broken):
        store.run_transaction(fail)
    assert store.collection("counters").find_one({"_id": "permits"}) == {"_id": "permits", "last": 12}
    assert store.collection("permits").count_documents({}) == 12


def test_change_stream_tells_of_inserts_and_updates_of_the_whole_database(store: Store) -> None:
    seen: list[Any] = []
    ready = threading.Event()

    def watch() -> None:
        with store.database.watch(max_await_time_ms=200) as stream:
            ready.set()
            while len(seen) < 2 and stream.alive:
                if (change := stream.try_next()) is not None:
                    seen.append((change["operationType"], change["ns"]["coll"]))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    assert ready.wait(10)
    store.collection("one").insert_one({"_id": "a"})
    store.collection("one").update_one({"_id": "a"}, {"$set": {"pending": True}})
    thread.join(timeout=20)
    assert seen == [("insert", "one"), ("update", "one")]


def test_types_come_back_as_they_were_stored(store: Store) -> None:
    document = {
        "_id": "a",
        "time": datetime(2026, 11, 23, 2, 0, 0, 123000, tzinfo=UTC),
        "money": Decimal128(Decimal("75000.50")),
        "bytes": b"\x00\xff",
        "text": "Nguyễn Thị Minh Khai",
        "nested": {"list": [1, 2.5, None, True]},
    }
    store.collection("documents").insert_one(dict(document))
    assert store.collection("documents").find_one({"_id": "a"}) == document


def test_points_in_polygons_are_found(store: Store) -> None:
    parcels = store.collection("parcels")
    parcels.create_index([("boundary", "2dsphere")])
    ring = [[106.7, 10.77], [106.701, 10.77], [106.701, 10.771], [106.7, 10.771], [106.7, 10.77]]
    parcels.insert_one({"_id": "a", "boundary": {"type": "Polygon", "coordinates": [ring]}})

    def at(longitude: float, latitude: float) -> Any:
        point = {"type": "Point", "coordinates": [longitude, latitude]}
        return parcels.find_one({"boundary": {"$geoIntersects": {"$geometry": point}}})

    assert at(106.7005, 10.7705) is not None
    assert at(106.7015, 10.7705) is None


def test_descending_sort_with_limit(store: Store) -> None:
    store.collection("documents").insert_many([{"_id": n, "time": n} for n in range(5)])
    rows = store.collection("documents").find(sort=[("time", DESCENDING)], limit=2)
    assert [row["_id"] for row in rows] == [4, 3]
