"""The command line that every service has."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.events import DeadLetters
from motcua_kit.events.broker import celery_app
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.store import Store

Done = subprocess.CompletedProcess[str]
THINGCLI = Path(__file__).parent / "thingcli.py"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WIRE = {"id": "things/1#1.0", "type": "thing.opened", "subject": "things/1", "time": NOW.isoformat(), "data": {}}
TOPOLOGY = """
events:
  thing.opened: {by: [thingcli], to: [{task: thingcli.take, queue: slow}, thingcli.note]}
schedules: []
calls: {}
"""


@pytest.fixture
def invoke(store: Store, servers: EmbeddedServers, tmp_path: Path) -> Callable[..., Done]:
    topology = tmp_path / "topology.yaml"
    topology.write_text(TOPOLOGY)
    environment = {
        "PROFILE": "local",
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": store.database.name,
        "BROKER_URL": servers.broker_url,
        "TOPOLOGY_FILE": str(topology),
    }

    def run(*arguments: str, **changed: str) -> Done:
        command = [sys.executable, str(THINGCLI), *arguments]
        return subprocess.run(  # noqa: S603
            command, env={**environment, **changed}, capture_output=True, text=True, check=False
        )

    return run


def test_migrations_are_listed_applied_and_then_done(invoke: Callable[..., Done], store: Store) -> None:
    pending = invoke("migrate", "--check")
    assert (pending.returncode, pending.stdout.splitlines()) == (1, ["pending 0001_things", "pending 0002_notes"])
    applied = invoke("migrate")
    assert applied.returncode == 0
    assert [line for line in applied.stdout.splitlines() if line.startswith("applied")] == [
        "applied 0001_things",
        "applied 0002_notes",
    ]
    assert "created_by" in store.collection("things").index_information()
    assert invoke("migrate", "--check").returncode == 0


def test_a_server_does_not_serve_an_old_schema(invoke: Callable[..., Done]) -> None:
    refused = invoke("grpc")
    assert refused.returncode == 1
    assert "the database is behind this version (0001_things, 0002_notes)" in refused.stderr
    assert "python -m motcua_thingcli migrate" in refused.stderr


def test_what_is_kept_for_queues_is_listed_and_then_set_right(invoke: Callable[..., Done], store: Store) -> None:
    assert invoke("rebuild").returncode == 0
    history = [{"time": NOW, "actor": "officers/1", "action": "CreateThing", "version": 1}]
    thing = {"version": 1, "create_time": NOW, "update_time": NOW, "size": 11, "large": False, "history": history}
    store.collection("things").insert_many([{"_id": "1", **thing}, {"_id": "2", **thing, "large": True, "version": 2}])
    lost = "things/2: is at change 2; its history has [1]"
    listed = invoke("rebuild", "--check")
    assert (listed.returncode, listed.stdout.splitlines()) == (
        1,
        ["wrong things/1: large is False, should be True", f"wrong {lost}"],
    )
    mended = invoke("rebuild", "--apply")
    assert (mended.returncode, mended.stdout.splitlines()) == (
        1,
        ["mended things/1: large is False, should be True", f"wrong {lost}"],
    )
    assert invoke("rebuild").stdout.splitlines() == [f"wrong {lost}"]


@pytest.mark.timeout(60)
def test_a_worker_that_lacks_a_handler_ends_and_says_which(invoke: Callable[..., Done]) -> None:
    assert invoke("migrate").returncode == 0
    ended = invoke("worker", WORKER_CONCURRENCY="1")
    assert "worker_cannot_start" in ended.stdout
    assert "handlers and topology differ: thingcli.note, thingcli.take" in ended.stdout


def test_dead_letters_are_listed_and_replayed(
    invoke: Callable[..., Done], store: Store, servers: EmbeddedServers
) -> None:
    letters = DeadLetters(store)
    letters.keep("thingcli.take", "thingcli.slow", WIRE, ValueError("the parcel is gone"), 8, NOW)
    listed = invoke("dead-letters", "list")
    assert listed.stdout.splitlines() == [
        "2026-11-23 02:00:00  thingcli.take:things/1#1.0  after 8 attempts: ValueError: the parcel is gone"
    ]
    for wrong in ((), ("thingcli.take:things/1#1.0", "--all")):
        assert "name one dead letter, or say --all" in invoke("dead-letters", "replay", *wrong).stderr
    assert letters.count() == 1
    assert invoke("dead-letters", "replay", "thingcli.take:things/1#1.0").stdout == "1 replayed\n"
    assert letters.count() == 0
    settings = ServiceSettings(
        profile=Profile.LOCAL, service_name="thingcli", mongodb_uri="unused", broker_url=servers.broker_url
    )
    with celery_app(settings, ["thingcli.slow"]).connection_for_read() as connection:
        waiting = connection.SimpleQueue("thingcli.slow")
        message = waiting.get(timeout=10)
        message.ack()
        waiting.close()
    assert message.payload[1] == {"event": WIRE}


def test_a_letter_that_is_not_there_is_told(invoke: Callable[..., Done]) -> None:
    missing = invoke("dead-letters", "replay", "thingcli.take:things/9#1.0")
    assert missing.returncode == 1
    assert "no dead letter thingcli.take:things/9#1.0" in missing.stderr


def told(done: Done) -> dict[str, str]:
    """What a process that refused its settings said of each, in its only line."""
    assert (done.returncode, done.stderr) == (2, "")
    [line] = done.stdout.splitlines()
    said = json.loads(line)
    assert (said["event"], said["level"], said["service"]) == ("settings_refused", "error", "thingcli")
    problems: dict[str, str] = said["problems"]
    return problems


@pytest.mark.parametrize("process", ["grpc", "http", "worker", "migrate"])
def test_a_process_that_refuses_its_settings_says_which_and_why_in_one_line(
    process: str, invoke: Callable[..., Done]
) -> None:
    assert told(invoke(process, GRPC_THREADS="many", PROFILE="moon")) == {
        "GRPC_THREADS": "Input should be a valid integer, unable to parse string as an integer",
        "PROFILE": "Input should be 'local' or 'production'",
    }
    assert told(invoke(process, GRPC_THREADS="many", SECRETS_DIR="/nowhere")) == {
        "GRPC_THREADS": "Input should be a valid integer, unable to parse string as an integer",
        "SECRETS_DIR": "names no folder: /nowhere; mount it, or leave this empty",
    }
    refused = told(invoke(process, PROFILE="production", ISSUER="http://id.example.vn", CLIENT_SECRET="sample-secret"))
    assert refused == {
        "ISSUER": "want https://…, not http://id.example.vn",
        "CLIENT_SECRET": "holds a sample secret; make one of your own",
        "PAGE_TOKEN_KEY": "is empty; this process needs it",
    }


def test_help_says_what_there_is(invoke: Callable[..., Done]) -> None:
    shown = invoke("--help").stdout
    for command in ("grpc", "http", "worker", "migrate", "dead-letters"):
        assert command in shown
