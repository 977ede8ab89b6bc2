"""What real processes say about themselves to a kubelet, through outages and to the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from motcua_client import wait_for
from motcua_devstack import ports
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.events.broker import celery_app
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.store import Store

PROBED = Path(__file__).parent / "probed.py"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC).isoformat()
TOPOLOGY = """
events:
  thing.opened: {by: [probed], to: [probed.take]}
schedules: []
calls: {}
"""
AWAY = (0, "")
"""What a probe gets of a process that does not answer."""


@dataclass
class Probed:
    """A process and its probes."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def probe(self, path: str) -> tuple[int, str]:
        try:
            response = requests.get(f"{self.url}/{path}", timeout=5)
        except requests.ConnectionError:
            return AWAY
        return response.status_code, response.text.strip()

    def wait_for(self, path: str, status: int, why: str = "") -> str:
        def fits(answer: tuple[int, str]) -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return answer[0] == status and why in answer[1]

        return wait_for(lambda: self.probe(path), fits, 60, self.log.read_text())[1]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


Start = Callable[..., Probed]


@pytest.fixture
def environment(store: Store, servers: EmbeddedServers, tmp_path: Path) -> dict[str, str]:
    topology = tmp_path / "topology.yaml"
    topology.write_text(TOPOLOGY)
    return {
        "PROFILE": "local",
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": store.database.name,
        "BROKER_URL": servers.broker_url,
        "TOPOLOGY_FILE": str(topology),
        "WORKER_CONCURRENCY": "1",
        "SCHEMA_WAIT": "60",
    }


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    started: list[Probed] = []

    def run(*arguments: str, **changed: str) -> Probed:
        address = f"127.0.0.1:{ports.allocate(['health'])['health']}"
        log = tmp_path / f"{arguments[0]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, str(PROBED), *arguments],
                env={**environment, "HEALTH_BIND": address, **changed},
                stdout=output,
                stderr=output,
            )
        started.append(Probed(process, f"http://{address}", log))
        return started[-1]

    yield run
    for one in started:
        one.process.kill()
        one.process.wait()


def test_a_grpc_server_is_ready_when_it_serves_and_ends_in_peace(start: Start) -> None:
    server = start("grpc", "--migrate")
    server.wait_for("readyz", 200)
    assert server.probe("livez") == (200, "ok")
    assert server.probe("metrics") == (404, "there are /livez and /readyz")
    assert server.end() == 0
    assert server.probe("readyz") == AWAY


@pytest.mark.parametrize("kind", ["grpc", "http", "worker"])
def test_each_waits_for_the_schema_and_says_so(start: Start, kind: str) -> None:
    server = start(kind)
    why = server.wait_for("readyz", 503, "0001_things")
    assert why.endswith("run: python -m motcua_probed migrate")
    assert server.probe("livez") == (200, "ok")
    assert start("migrate").process.wait(60) == 0
    server.wait_for("readyz", 200)
    assert server.log.read_text().count("schema_awaited") == 1


@pytest.mark.parametrize("kind", ["grpc", "http", "worker"])
def test_each_gives_up_when_the_schema_does_not_come(start: Start, kind: str) -> None:
    refused = start(kind, SCHEMA_WAIT="0")
    assert refused.process.wait(60) == 1
    assert "the database is behind this version (0001_things); run: python -m motcua_probed" in refused.log.read_text()


def test_a_process_that_awaits_the_schema_ends_when_told(start: Start) -> None:
    server = start("grpc")
    server.wait_for("readyz", 503, "0001_things")
    assert server.end() == 128 + signal.SIGTERM


def test_code_works_on_a_newer_schema_after_a_roll_back(start: Start, store: Store) -> None:
    assert start("migrate").process.wait(60) == 0
    store.collection("_migrations").insert_one({"_id": "0002_of_the_next_version"})
    start("grpc", SCHEMA_WAIT="0").wait_for("readyz", 200)


def test_a_database_that_is_away_is_awaited(start: Start, own_mongo: tuple[str, Any]) -> None:
    uri, mongo = own_mongo
    mongo.kill()
    server = start("grpc", MONGODB_URI=uri)
    server.wait_for("readyz", 503, "the database does not answer")
    migration = start("migrate", MONGODB_URI=uri)
    mongo.start()
    assert migration.process.wait(60) == 0
    server.wait_for("readyz", 200)


def test_a_migration_without_a_database_says_so(start: Start) -> None:
    refused = start("migrate", SCHEMA_WAIT="0", MONGODB_URI="mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=100")
    assert refused.process.wait(60) == 1
    assert refused.log.read_text().endswith(
        "Error: the database does not answer (ServerSelectionTimeoutError); see MONGODB_URI\n"
    )


def test_an_http_end_answers_for_the_process_that_serves_its_pages(start: Start) -> None:
    assert start("migrate").process.wait(60) == 0
    bind = f"127.0.0.1:{ports.allocate(['http'])['http']}"
    server = start("http", HTTP_BIND=bind)
    server.wait_for("readyz", 200)
    assert requests.get(f"http://{bind}/healthz", timeout=10).text == "ok\n"
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    before = children.read_text().split()
    os.kill(int(before[0]), signal.SIGKILL)
    wait_for(children.read_text, lambda now: bool(now.split()) and now.split() != before)
    server.wait_for("readyz", 200)
    assert server.probe("livez") == (200, "ok")
    assert server.end() == 0


def test_a_worker_without_its_broker_lives_and_is_not_ready(start: Start, own_broker: tuple[str, Any]) -> None:
    url, broker = own_broker
    assert start("migrate").process.wait(60) == 0
    broker.kill()
    worker = start("worker", BROKER_URL=url)
    worker.wait_for("readyz", 503, "not connected to the broker")
    assert worker.probe("livez") == (200, "ok")
    broker.start()
    worker.wait_for("readyz", 200)
    broker.kill()
    worker.wait_for("readyz", 503, "not connected to the broker")
    assert worker.probe("livez") == (200, "ok")
    broker.start()
    worker.wait_for("readyz", 200)


def test_a_worker_that_is_told_to_end_finishes_what_it_has_begun(
    start: Start, store: Store, own_broker: tuple[str, Any]
) -> None:
    url, _ = own_broker
    assert start("migrate").process.wait(60) == 0
    worker = start("worker", BROKER_URL=url)
    worker.wait_for("readyz", 200)
    settings = ServiceSettings(profile=Profile.LOCAL, service_name="probed", mongodb_uri="unused", broker_url=url)
    work = store.collection("_work")
    with closing(celery_app(settings, ["probed.default"])) as app:
        for number in (1, 2):
            event = {"id": f"{number}", "type": "thing.opened", "subject": "things/1", "time": NOW, "data": {}}
            app.send_task("probed.take", kwargs={"event": event}, queue="probed.default")
        wait_for(lambda: work.find_one({"_id": "1 begun"}), bool)
        worker.process.send_signal(signal.SIGTERM)
        worker.wait_for("readyz", 503)
        work.insert_one({"_id": "go on"})
        assert worker.process.wait(60) == 0
        assert work.find_one({"_id": "1 done"})
        assert not work.find_one({"_id": "2 begun"})
        start("worker", BROKER_URL=url)
        wait_for(lambda: work.find_one({"_id": "2 done"}), bool)
