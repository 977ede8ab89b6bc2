"""Every event of the main job is sent once more, as after the loss of the broker: nothing happens twice."""

from collections.abc import Iterator

import pytest
import redis

from motcua_client import wait_for
from motcua_devstack.demo.scenes import MainJob
from motcua_kit.events import dead_letters, sent
from motcua_ops.backup.resend import RESENT, resend
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import load_suite

MAIN_JOB = 50
"""Events of a service that come from the main job; those of other tests are many and not the better proof."""

FORGETFUL = "expireAfterSeconds"
"""Collections with such an index are logs and sign-ins: who reads once more is noted once more."""

NO_STATE = {RESENT, "access_entries"}
"""What waits to be sent, and identity's own log of who read what."""


@pytest.fixture
def stores(suite_stores: BackupSettings) -> Iterator[Stores]:
    with open_stores(suite_stores, load_suite()) as stores:
        yield stores


def versions(stores: Stores) -> dict[str, int]:
    """How often each aggregate has changed."""
    return {
        f"{part.database}.{name}/{document['_id']}": document.get("version", 0)
        for part in stores.parts.values()
        for name in stores.mongodb[part.database].list_collection_names()
        if not name.startswith("_") and name not in NO_STATE
        if not any(FORGETFUL in index for index in stores.mongodb[part.database][name].list_indexes())
        for document in stores.mongodb[part.database][name].find({}, {"version": 1})
    }


def waiting(stores: Stores, broker: redis.Redis) -> int:
    """Events and tasks that are not done."""
    events = sum(
        stores.mongodb[part.database][name].count_documents({"pending": True})
        for part in stores.parts.values()
        for name in stores.mongodb[part.database].list_collection_names()
        if not name.startswith("_")
    )
    queues = [f"{service}.{queue}" for service in stores.parts for queue in ("default", "slow")]
    return events or sum(int(broker.llen(queue)) for queue in queues) + int(broker.hlen("unacked"))


def given_up(stores: Stores) -> list[str]:
    return [
        letter["_id"]
        for part in stores.parts.values()
        for letter in stores.mongodb[part.database][dead_letters.COLLECTION].find()
    ]


def test_events_sent_again_change_nothing(main_job: MainJob, stores: Stores) -> None:
    broker = redis.Redis.from_url(main_job.running.addresses.broker_url)
    wait_for(lambda: waiting(stores, broker), lambda count: count == 0, what="a quiet suite")
    before, lost = versions(stores), given_up(stores)
    count = 0
    for service, part in stores.parts.items():
        first = stores.mongodb[part.database][sent.COLLECTION].find(sort=[("sent_time", 1)], limit=MAIN_JOB)
        count += resend(stores, service, [row["event"] for row in first])
    assert count > len(main_job.outcomes)
    wait_for(lambda: waiting(stores, broker), lambda left: left == 0, seconds=150, what="events sent again")
    assert versions(stores) == before
    assert given_up(stores) == lost
    broker.close()
