"""Migration jobs: several at once, one killed in the middle, one told to end."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from motcua_client import wait_for
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.store import Store

MIGRATING = Path(__file__).parent / "migrating.py"
Job = subprocess.Popen[str]
Start = Callable[[], Job]


@pytest.fixture
def start(store: Store, servers: EmbeddedServers) -> Iterator[Start]:
    environment = {
        "PROFILE": "local",
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": store.database.name,
    }
    started: list[Job] = []

    def job() -> Job:
        command = [sys.executable, str(MIGRATING), "migrate"]
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
        )
        return started[-1]

    yield job
    for one in started:
        one.kill()
        one.communicate()


def steps(store: Store) -> list[str]:
    return [row["step"] for row in store.collection("_work").find({"step": {"$exists": True}}, sort=[("$natural", 1)])]


def let_go(store: Store) -> None:
    store.collection("_work").insert_one({"_id": "go on"})


def applied(job: Job) -> list[str]:
    output, _ = job.communicate(timeout=60)
    assert job.returncode == 0, output
    return [line.removeprefix("applied ") for line in output.splitlines() if line.startswith("applied ")]


def test_of_two_jobs_at_once_one_works_and_the_other_finds_it_done(start: Start, store: Store) -> None:
    jobs = [start(), start()]
    wait_for(lambda: steps(store), lambda seen: "second begun" in seen)
    let_go(store)
    assert sorted(map(applied, jobs)) == [[], ["0001_first", "0002_second"]]
    assert steps(store) == ["first", "second begun", "second done"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_that_ends_in_the_middle_is_followed_by_one_that_repeats_only_its_step(
    start: Start, store: Store, number: signal.Signals
) -> None:
    ended = start()
    wait_for(lambda: steps(store), lambda seen: "second begun" in seen)
    waiting = start()
    ended.send_signal(number)
    ended.communicate(timeout=60)
    assert ended.returncode != 0
    wait_for(lambda: steps(store), lambda seen: seen.count("second begun") == 2)
    let_go(store)
    assert applied(waiting) == ["0002_second"]
    assert steps(store) == ["first", "second begun", "second begun", "second done"]
