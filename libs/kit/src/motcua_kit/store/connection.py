"""The connection to one service's database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.collection import Collection as MongoCollection
from pymongo.database import Database
from pymongo.read_concern import ReadConcern

Document = dict[str, Any]
Result = TypeVar("Result")

DEFAULT_TIMEOUT_MS = 10_000


class Store:
    """A service's database. Create it after a fork, never before.

    Args:
        uri: MongoDB connection string.
        database: name of the database.
        app_name: how the connection shows in the server's logs.
    """

    def __init__(self, uri: str, database: str, app_name: str = "motcua") -> None:
        self.client: MongoClient[Document] = MongoClient(
            uri,
            appname=app_name,
            tz_aware=True,
            uuidRepresentation="standard",
            serverSelectionTimeoutMS=DEFAULT_TIMEOUT_MS,
            socketTimeoutMS=3 * DEFAULT_TIMEOUT_MS,
        )
        self.database: Database[Document] = self.client.get_database(
            database, write_concern=WriteConcern(w="majority"), read_concern=ReadConcern("majority")
        )

    def collection(self, name: str) -> MongoCollection[Document]:
        """Return a collection of this database."""
        return self.database[name]

    def run_transaction(self, work: Callable[[ClientSession], Result]) -> Result:
        """Run `work` in a multi-document transaction; it may run several times when others write the same documents.

        It is the exception: use it only where more than one aggregate must change at once, and say why.
        """
        with self.client.start_session() as session:
            return session.with_transaction(work)

    def ping(self) -> None:
        """Ask the server for a sign of life.

        Raises:
            pymongo.errors.PyMongoError: it gives none.
        """
        self.database.command("ping")

    def close(self) -> None:
        """Close all connections."""
        self.client.close()
