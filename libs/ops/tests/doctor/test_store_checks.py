"""What the doctor says of real stores."""

import io
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from celery import Celery
from click.testing import CliRunner
from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from pydantic import SecretStr

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.clock import VIETNAM
from motcua_kit.events.broker import celery_app
from motcua_kit.events.dead_letters import DeadLetters
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.store import Store
from motcua_ops.audit.archive import Archive
from motcua_ops.audit.settings import AuditSettings, Lock
from motcua_ops.cli import main
from motcua_ops.doctor import databases, network, queues, seals, stores
from motcua_ops.doctor.checks import CHECKS
from motcua_ops.doctor.context import Context
from motcua_ops.doctor.findings import Finding, Status
from motcua_ops.naming import SERVICES, Release
from motcua_ops.settings import NOT_HERE

TOPOLOGY = Path(__file__).parents[4] / "telemetry" / "topology.yaml"
ROUTE = "notify.default"
Check = Callable[[Context], Any]


@pytest.fixture
def broker_url(servers: EmbeddedServers, worker_id: str) -> str:
    """The broker, with queues that no other test uses, also none that runs at the same time."""
    database = 9 if worker_id == "master" else 9 + int(worker_id.removeprefix("gw")) % 7
    return urlsplit(servers.broker_url)._replace(path=f"/{database}").geturl()


@pytest.fixture
def context(
    servers: EmbeddedServers, store: Store, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Context]:
    """A context whose services all keep their things in the database of this test."""
    access = servers.object_store
    settings = AuditSettings.model_validate(
        {
            "mongodb_uri": servers.mongodb_uri,
            "broker_url": broker_url,
            "object_store_url": access.url,
            "object_store_access_key": access.access_key,
            "object_store_secret_key": access.secret_key,
            "topology_file": TOPOLOGY,
        }
    )
    context = Context(Release("motcua", "city"), settings, None, "no cluster in this test")
    monkeypatch.setattr(context, "store", lambda _service: store)
    yield context
    context.close()


def findings(check: Check, context: Context) -> list[Finding]:
    return list(check(context))


def worst(check: Check, context: Context) -> Finding:
    order = list(Status)
    return max(findings(check, context), key=lambda finding: order.index(finding.status))


def test_a_database_that_is_well(context: Context) -> None:
    assert [finding.status for finding in findings(stores.mongodb, context)] == [Status.OK, Status.OK]


def test_a_broker_that_is_well(context: Context) -> None:
    assert [finding.status for finding in findings(stores.broker, context)] == [Status.OK, Status.OK]


def test_a_broker_that_forgets(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    info = context.broker.info()
    forgetting = {**info, "maxmemory": 10**9, "maxmemory_policy": "allkeys-lru"}
    for answer, status in (
        ({**info, "aof_enabled": 0}, Status.WARN),
        (forgetting, Status.FAIL),
        ({**forgetting, "maxmemory_policy": "noeviction"}, Status.OK),
    ):
        monkeypatch.setattr(context.broker, "info", lambda answer=answer: answer)
        assert worst(stores.broker, context).status is status


def test_buckets(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    access: Minio = context.objects
    name = f"tests-{uuid.uuid4().hex[:16]}"
    monkeypatch.setattr(stores, "BUCKETS", {"dossier": name})
    assert worst(stores.objects, context).text == "is missing"
    access.make_bucket(name)
    assert worst(stores.objects, context).text == "keeps no versions"
    access.set_bucket_versioning(name, VersioningConfig(ENABLED))
    assert worst(stores.objects, context).status is Status.OK
    assert not list(access.list_objects(name, recursive=True, include_version=True)), "nothing is left behind"


def test_seals(context: Context) -> None:
    (check,) = (each for each in CHECKS if each.name == "seals")
    assert check.need(context) == "not set: AUDIT_BUCKET"
    context.settings = context.settings.model_copy(
        update={"audit_bucket": f"tests-{uuid.uuid4().hex[:16]}", "audit_lock": Lock.NONE}
    )
    assert check.need(context) == ""
    assert {finding.status for finding in findings(seals.seals, context)} == {Status.WARN}, "there is no bucket yet"
    archive = Archive(context.settings)
    archive.ensure()
    assert worst(seals.seals, context).text == "there are none"
    today = datetime.now(VIETNAM).date()
    for ago, status in ((3, Status.FAIL), (2, Status.OK), (1, Status.OK)):
        for service in SERVICES:
            key = f"seals/{service}/{today - timedelta(days=ago)}.jws"
            archive.put(key, io.BytesIO(b"x"), 1, "application/jose")
        assert {finding.status for finding in findings(seals.seals, context)} == {status}


def test_schemas(context: Context, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "migrations", lambda: {name: ["0001_first", "0002_second"] for name in SERVICES})
    journal = store.collection(databases.JOURNAL)
    journal.insert_one({"_id": "0001_first"})
    assert worst(databases.schemas, context).text == "not applied: 0002_second"
    journal.insert_one({"_id": "0002_second"})
    assert worst(databases.schemas, context).status is Status.OK
    journal.insert_one({"_id": "0003_third"})
    found = worst(databases.schemas, context)
    assert (found.status, found.text) == (Status.WARN, "newer than this command: 0003_third")


def test_services_that_are_not_part_of_the_installation_are_skipped_and_not_missed(context: Context) -> None:
    addresses = {
        "identity_address": "dns:///motcua-identity.city.svc:50051",
        "land_address": "dns:///land.example.vn:443",
    }
    context.settings = context.settings.model_copy(update=addresses)
    assert context.services == ("identity", "land")
    context.inside = True
    skipped = {item.subject: item.text for item in network.names(context) if item.status is Status.SKIPPED}
    assert skipped == {
        "land": f"{NOT_HERE}: it is dns:///land.example.vn:443",
        **dict.fromkeys({*SERVICES} - {"identity", "land"}, NOT_HERE),
    }
    assert [item.subject for item in findings(databases.schemas, context)] == ["schema of identity"]
    assert findings(stores.objects, context) == []


def test_dead_letters(context: Context, store: Store) -> None:
    assert worst(queues.dead_letters, context).status is Status.OK
    letters = DeadLetters(store)
    letters.keep("land.take", "land.default", {"id": "1"}, ValueError("no such parcel"), 8, datetime.now(UTC))
    found = worst(queues.dead_letters, context)
    assert found.text == "1, the oldest: ValueError: no such parcel"
    assert "dead-letters list" in found.advice


@pytest.mark.parametrize(("age", "status"), [(timedelta(), Status.OK), (timedelta(minutes=6), Status.FAIL)])
def test_outboxes(context: Context, store: Store, age: timedelta, status: Status) -> None:
    event = {"id": uuid.uuid4().hex, "time": datetime.now(UTC) - age}
    store.collection("things").insert_one({"_id": "1", "pending": True, "outbox": [event]})
    assert worst(queues.outboxes, context).status is status


def notify(broker_url: str) -> Celery:
    """The way to the queues of notify."""
    settings = ServiceSettings(
        profile=Profile.LOCAL, service_name="notify", mongodb_uri=SecretStr("unused"), broker_url=SecretStr(broker_url)
    )
    return celery_app(settings, [ROUTE])


@pytest.mark.parametrize(
    ("sent", "status"),
    [([], Status.OK), ([timedelta()], Status.OK), ([timedelta(minutes=6), timedelta()], Status.FAIL)],
)
def test_queues(context: Context, broker_url: str, sent: list[timedelta], status: Status) -> None:
    app = notify(broker_url)
    try:
        for age in sent:
            event = {"id": uuid.uuid4().hex, "time": (datetime.now(UTC) - age).isoformat()}
            app.send_task("notify.tell", kwargs={"event": event}, queue=ROUTE)
        assert worst(queues.queues, context).status is status
    finally:
        context.broker.delete(ROUTE)


def test_tasks_without_an_event_have_no_age(context: Context, broker_url: str) -> None:
    notify(broker_url).send_task("notify.sweep", queue=ROUTE)
    try:
        assert worst(queues.queues, context).status is Status.OK
    finally:
        context.broker.delete(ROUTE)


@pytest.mark.parametrize("kind", databases.OVERDUE, ids=[kind.text for kind in databases.OVERDUE])
def test_overdue_work_is_found_and_work_in_time_is_not(context: Context, store: Store, kind: databases.Overdue) -> None:
    def document(late: datetime) -> dict[str, Any]:
        """What the filter asks for, with its time."""
        made: dict[str, Any] = {}
        for path, value in {**kind.filter, kind.late: late}.items():
            operators = value if isinstance(value, dict) else {"$in": [value]}
            *above, last = path.split(".")
            place = made
            for name in above:
                place = place.setdefault(name, {})
            place[last] = "handler" if "$gt" in operators else value if path == kind.late else operators["$in"][0]
        return made

    now = datetime.now(UTC)
    collection = store.collection(kind.collection)
    collection.insert_one({"_id": "in time", **document(now + timedelta(minutes=1))})
    assert worst(databases.overdue, context).status is Status.OK
    collection.insert_one({"_id": "late", **document(now - kind.grace - timedelta(minutes=1))})
    found = worst(databases.overdue, context)
    assert found.status is (Status.WARN if kind.by_people else Status.FAIL)
    assert found.text.startswith("1 ")


def test_stores_that_do_not_answer_fail_each_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "BROKER_URL": "redis://127.0.0.1:9/0",
        "OBJECT_STORE_URL": "http://127.0.0.1:9",
        "OBJECT_STORE_ACCESS_KEY": "key",
        "OBJECT_STORE_SECRET_KEY": "secret",
        "ISSUER": "http://127.0.0.1:9",
        "TOPOLOGY_FILE": str(TOPOLOGY),
    }.items():
        monkeypatch.setenv(name, value)
    checks = ("broker", "queues", "object-store", "issuer")
    result = CliRunner().invoke(main, ["doctor", "--json", *(part for name in checks for part in ("--only", name))])
    found = json.loads(result.stdout)["findings"]
    assert result.exit_code == 1
    assert {(item["check"], item["status"]) for item in found} == {(name, "fail") for name in checks}
