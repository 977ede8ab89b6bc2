"""One moment of all databases, on servers that hold it in either way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument
from pymongo.errors import OperationFailure

from motcua_ops.backup.snapshot import Snapshot, Source, _AtClusterTime, _InTransaction, take_snapshot
from motcua_ops.errors import OpsError

DOCUMENTS = [{"_id": f"{number:05}", "text": "x" * 200} for number in range(500)]


@pytest.fixture(params=["snapshot", "transaction"])
def source(request: pytest.FixtureRequest, suite: Any) -> Iterator[Source]:
    client, database = suite.stores.mongodb, suite.stores.parts["land"].database
    if request.param == "snapshot":
        yield _AtClusterTime(client, database, 4)
        return
    with client.start_session() as session, session.start_transaction():
        yield _InTransaction(client, database, session)


@pytest.fixture
def parcels(suite: Any) -> str:
    """More documents than one answer of the server has, not in the order of their ids."""
    suite.database("land")["parcels"].insert_many(reversed(DOCUMENTS))
    database: str = suite.stores.parts["land"].database
    return database


def test_all_documents_come_in_order_byte_by_byte(parcels: str, source: Source) -> None:
    assert [bson.decode(document.raw) for document in source.read(parcels, "parcels")] == DOCUMENTS


def test_the_moment_is_that_of_the_server(suite: Any) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    with take_snapshot(suite.stores.mongodb, suite.stores.parts["identity"].database, 2) as snapshot:
        assert before <= snapshot.point <= datetime.now(UTC) + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("code", "parameter"), [(239, "minSnapshotHistoryWindowInSeconds"), (251, "transactionLifetimeLimitSeconds")]
)
def test_a_forgotten_moment_names_the_parameter(code: int, parameter: str) -> None:
    class Forgetful:
        threads = 1

        def read(self, _database: str, _collection: str) -> Iterator[RawBSONDocument]:
            yield RawBSONDocument(bson.encode({"_id": 1}))
            raise OperationFailure("gone", code)

    reading = Snapshot(datetime.now(UTC), "snapshot", Forgetful()).read("motcua_land", "parcels")
    assert next(reading)["_id"] == 1
    with pytest.raises(OpsError, match=parameter):
        next(reading)
