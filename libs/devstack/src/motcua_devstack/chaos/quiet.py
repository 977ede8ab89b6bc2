"""When a suite has come to rest: no event waits in a document, no task in the broker."""

import math
import time
from collections.abc import Iterator

import redis
from pymongo import MongoClient

from motcua_devstack.chaos.faults.base import QUEUES, SERVICES
from motcua_devstack.chaos.faults.delivery import UNACKNOWLEDGED
from motcua_devstack.stack import Addresses
from motcua_kit.events import dead_letters
from motcua_kit.events.news import of_aggregates
from motcua_kit.store.connection import Document

PATIENCE_SECONDS = 150.0
"""Longer than the visibility timeout of the broker and the longest delay of a retry together."""

PAUSE = 0.5


def _connect(addresses: Addresses) -> MongoClient[Document]:
    return MongoClient(addresses.mongodb_uri)


def rest(addresses: Addresses, patience: float = PATIENCE_SECONDS) -> dict[str, int]:
    """Wait for rest, for as long as there is less and less to do.

    Args:
        addresses: of the suite.
        patience: seconds in which what waits must have become less.

    Returns:
        What still waits, by place; empty when everything is done.
    """
    least, since = math.inf, time.monotonic()
    with _connect(addresses) as mongo, redis.Redis.from_url(addresses.broker_url) as broker:
        while found := dict(waiting(mongo, broker)):
            if (count := sum(found.values())) < least:
                least, since = count, time.monotonic()
            elif time.monotonic() - since > patience:
                break
            time.sleep(PAUSE)
    return found


def waiting(mongo: MongoClient[Document], broker: redis.Redis) -> Iterator[tuple[str, int]]:
    """Events and tasks that are not done, by place; places with none are left out."""
    for service in SERVICES:
        database = mongo[f"motcua_{service}"]
        names = [name for name in database.list_collection_names() if of_aggregates(name)]
        if events := sum(database[name].count_documents({"pending": True}) for name in names):
            yield f"events of {service}", events
    for queue in QUEUES:
        if tasks := int(broker.llen(queue)):
            yield f"queue {queue}", tasks
    if begun := int(broker.hlen(UNACKNOWLEDGED)):
        yield "tasks in work", begun


def given_up(addresses: Addresses) -> list[str]:
    """Ids of the events that a handler gave up on."""
    with _connect(addresses) as mongo:
        return [
            str(letter["_id"])
            for service in SERVICES
            for letter in mongo[f"motcua_{service}"][dead_letters.COLLECTION].find({}, {"_id": 1})
        ]
