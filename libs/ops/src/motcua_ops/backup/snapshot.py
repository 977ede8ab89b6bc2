"""All databases of a server as they were at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo import ASCENDING, MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference

from motcua_kit.store.migrations import JOURNAL
from motcua_ops.errors import OpsError

Document = dict[str, Any]
Client = MongoClient[Document]

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_LONG_AGO = Timestamp(1, 1)
_GONE = {
    239: "minSnapshotHistoryWindowInSeconds",  # SnapshotTooOld
    246: "minSnapshotHistoryWindowInSeconds",  # SnapshotUnavailable
    251: "transactionLifetimeLimitSeconds",  # NoSuchTransaction
    290: "transactionLifetimeLimitSeconds",  # TransactionExceededLifetimeLimitSeconds
}


def connect(uri: str) -> Client:
    """Return a connection that waits as long as an index takes to build."""
    return MongoClient(uri, appname="motcua-backup", serverSelectionTimeoutMS=10_000)


class Source(Protocol):
    """Gives documents of one moment."""

    threads: int
    """How many collections may be read at once."""

    def read(self, database: str, collection: str) -> Iterator[RawBSONDocument]:
        """Return the documents of a collection, in the order of their ids."""


@dataclass(frozen=True)
class Snapshot:
    """One moment of all databases.

    Attributes:
        point: everything that was acknowledged before is in it; UTC, by the server's clock.
        kind: how it is held: `snapshot` or `transaction`.
        source: gives the documents.
    """

    point: datetime
    kind: str
    source: Source

    def read(self, database: str, collection: str) -> Iterator[RawBSONDocument]:
        """Return the documents of a collection at that moment, in the order of their ids.

        Raises:
            OpsError: the server has forgotten that moment.
        """
        try:
            yield from self.source.read(database, collection)
        except OperationFailure as error:
            if error.code in _GONE:
                raise OpsError(
                    f"the server kept this moment for less long than the backup takes: raise {_GONE[error.code]}, "
                    "or use the server's own point-in-time backup"
                ) from error
            raise


@contextmanager
def take_snapshot(client: Client, database: str, threads: int) -> Iterator[Snapshot]:
    """Hold the present moment of all databases for the block.

    Args:
        client: connected to a replica set, or to a sharded cluster.
        database: one that a service has migrated.
        threads: how many collections may be read at once, where the server lets them.

    Raises:
        OpsError: the server can hold no moment.
    """
    point = client.admin.command("hello")["localTime"].replace(tzinfo=UTC)
    try:
        if _pins_reads(client, database):
            yield Snapshot(point, "snapshot", _AtClusterTime(client, database, threads))
            return
        with client.start_session() as session:
            session.start_transaction(read_concern=ReadConcern("snapshot"), read_preference=ReadPreference.PRIMARY)
            yield Snapshot(point, "transaction", _InTransaction(client, database, session))
    except OperationFailure as error:
        raise OpsError(
            f"the server cannot hold a moment of its databases: {error}; it must be a replica set"
        ) from error


def _pins_reads(client: Client, database: str) -> bool:
    """Tell whether reads at a cluster time are such: a server that cares refuses a moment that it has forgotten."""
    concern = {"level": "snapshot", "atClusterTime": _LONG_AGO}
    try:
        client[database].command("find", JOURNAL, limit=1, singleBatch=True, readConcern=concern)
    except OperationFailure as error:
        if error.code in _GONE:
            return True
        raise
    return False


class _AtClusterTime:
    """Snapshot reads of MongoDB 5.0 and later: several at once, for as long as the server keeps history (5 min)."""

    def __init__(self, client: Client, database: str, threads: int) -> None:
        self.threads = threads
        self._client = client
        reply = client[database].command("find", JOURNAL, limit=1, singleBatch=True, readConcern={"level": "snapshot"})
        self._concern = {"level": "snapshot", "atClusterTime": reply["cursor"]["atClusterTime"]}

    def read(self, database: str, collection: str) -> Iterator[RawBSONDocument]:
        # The first batch is read by the options of the command, the others by those of the database.
        documents = self._client.get_database(database, RAW).cursor_command(
            "find", collection, sort={"_id": ASCENDING}, readConcern=self._concern, codec_options=RAW
        )
        yield from cast("Iterator[RawBSONDocument]", documents)


class _InTransaction:
    """One transaction, for servers that have no snapshot reads outside: one read at a time, for a minute."""

    threads = 1

    def __init__(self, client: Client, database: str, session: ClientSession) -> None:
        self._client = client
        self._session = session
        client[database][JOURNAL].find_one({}, session=session)  # the first read is the moment

    def read(self, database: str, collection: str) -> Iterator[RawBSONDocument]:
        documents = self._client[database].get_collection(collection, codec_options=RAW)
        yield from documents.find({}, sort=[("_id", ASCENDING)], session=self._session)
