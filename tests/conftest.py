"""The whole suite, started once for all tests that ask for it."""

import os
from collections.abc import Iterator

import pytest

from motcua_devstack.demo.observation import Observation
from motcua_devstack.demo.people import Suite
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.steps import take_all
from motcua_devstack.demo.walk import Walk, World
from motcua_devstack.embedded import SHARED
from motcua_devstack.stack import Stack

GROUP = "whole-suite"


@pytest.fixture(scope="session")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainJob]:
    """The whole suite on servers of its own, and the main job walked through it up to the first failure."""
    folder = tmp_path_factory.mktemp("stack")
    stack = Stack("tests", {} if SHARED in os.environ else os.environ, folder)
    with stack.run(fresh=True) as running, Observation(running.addresses.otlp, "demo") as observation:
        suite = Suite(running.addresses.grpc, observation.channel)
        walk = Walk(World(stack, running.addresses, suite), observation, tmp_path_factory.mktemp("main-job"))
        outcomes = list(take_all(walk))
        crashed = [name for name, process in running.supervisor.states().items() if process["restarts"]]
        assert not crashed, "the main job alone makes nothing crash"
        yield MainJob(running, walk, outcomes)
        suite.close()


@pytest.fixture(scope="session")
def walk(main_job: MainJob) -> Walk:
    """The finished walk: everybody is signed in."""
    assert main_job.outcomes[-1].ok, main_job.outcomes[-1].text
    return main_job.walk


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give all tests of the whole suite to one worker: there is one stack, and one main job."""
    if _needs_whole_suite(item):
        item.add_marker(pytest.mark.xdist_group(GROUP))
        item.add_marker(pytest.mark.timeout(300))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the whole suite, which takes longest; in it, kill last: killed processes take their spans along."""
    items.sort(key=lambda item: (not _needs_whole_suite(item), "chaos" in item.path.parts))


def _needs_whole_suite(item: pytest.Item) -> bool:
    return "main_job" in getattr(item, "fixturenames", ())
