"""The whole suite, started once for all tests that ask for it."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from xdist.scheduler import LoadScopeScheduling

from motcua_devstack.demo.local import local_world
from motcua_devstack.demo.observation import Observation
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.steps import take_all
from motcua_devstack.demo.walk import Walk
from motcua_devstack.embedded import SHARED, given_object_store
from motcua_devstack.stack import Stack
from motcua_ops.backup.settings import BackupSettings

WHOLE_SUITE = ("tests/chaos", "tests/documents", "tests/e2e", "tests/telemetry")
"""Where the tests are that need the running suite."""

AUDIT = "tests/chaos/test_audit.py"


@pytest.fixture(scope="session")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainJob]:
    """The whole suite on servers of its own, and the main job walked through it up to the first failure."""
    folder = tmp_path_factory.mktemp("stack")
    stack = Stack("tests", {} if SHARED in os.environ else os.environ, folder)
    with stack.run(fresh=True) as running, Observation(running.addresses.otlp, "demo") as observation:
        world = local_world(running, observation.channel)
        walk = Walk(world, observation, tmp_path_factory.mktemp("main-job"))
        outcomes = list(take_all(walk))
        crashed = [name for name, process in running.supervisor.states().items() if process["restarts"]]
        assert not crashed, "the main job alone makes nothing crash"
        yield MainJob(running, walk, outcomes)
        world.suite.close()


@pytest.fixture(scope="session")
def walk(main_job: MainJob) -> Walk:
    """The finished walk: everybody is signed in."""
    assert main_job.outcomes[-1].ok, main_job.outcomes[-1].text
    return main_job.walk


@pytest.fixture(scope="session")
def suite_stores(main_job: MainJob) -> BackupSettings:
    """The stores of the running suite, as operators' commands are told of them."""
    running = main_job.running
    given = given_object_store(running.stack.given)
    vault = running.vault
    return BackupSettings(
        mongodb_uri=SecretStr(running.addresses.mongodb_uri),
        object_store_url=running.addresses.object_store,
        object_store_access_key=SecretStr(given.access_key if given else vault.token("object-store-access-key")),
        object_store_secret_key=SecretStr(given.secret_key if given else vault.token("object-store-secret-key")),
    )


class WholeSuiteTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives all tests of the whole suite to one worker, and every other test to whoever is free.

    xdist's own `loadgroup` does that by marks, but does not reach pytest's node ids since pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "whole-suite" if nodeid.startswith(WHOLE_SUITE) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WholeSuiteTogether:
    """There is one stack and one main job, whatever the number of workers."""
    return WholeSuiteTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the whole suite, which takes longest.

    In it, audit first, while nothing has happened but the main job, and kill last: killed processes take their spans
    along.
    """
    for item in items:
        if "main_job" in getattr(item, "fixturenames", ()):
            assert item.nodeid.startswith(WHOLE_SUITE), f"{item.nodeid} would start a stack of its own"
            item.add_marker(pytest.mark.timeout(300))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, bool, bool]:
    return (
        not item.nodeid.startswith(WHOLE_SUITE),
        not item.nodeid.startswith(AUDIT),
        item.nodeid.startswith("tests/chaos"),
    )
