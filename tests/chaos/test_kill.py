"""kill -9 in the middle of the main job: it completes, with nothing lost and nothing doubled."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from motcua_client import wait_for
from motcua_devstack import cast
from motcua_devstack.demo.browser import SignedIn
from motcua_devstack.demo.local import local_world
from motcua_devstack.demo.observation import unobserved
from motcua_devstack.demo.people import Person
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.steps import STEPS
from motcua_devstack.demo.walk import APPLICANT, Walk
from motcua_devstack.supervisor import Supervisor

SIGNED_IN = {"sign-in", "officers-sign-in"}
TRACES = "traces"
"""Spans of a killed process are lost; everything else must hold."""

KILLED_BEFORE = {"submit": "dossier-grpc", "approve": "scheduler", "propose": "permits-grpc"}
"""Dead as the action begins."""

KILLED_AFTER = {"consult": "notify-worker", "answer supplement": "permits-worker"}
"""Dead as the action's consequences arrive."""

KILLED_AT_WORK = {"accept": "dossier-worker"}
"""Killed while it works on a task that the action caused: the receipt slip."""

WORKED_ON = "unacked"
"""Where the broker keeps the tasks that workers have begun and not finished."""


class KillingWalk(Walk):
    """A walk on which processes die."""

    supervisor: Supervisor
    broker: redis.Redis

    @contextlib.contextmanager
    def action(self, name: str) -> Iterator[None]:
        """Kill, act, kill."""
        if name in KILLED_BEFORE:
            self.supervisor.kill(KILLED_BEFORE[name])
        with super().action(name):
            yield
        if name in KILLED_AT_WORK:
            victim = KILLED_AT_WORK[name]
            task = f'"{victim.partition("-")[0]}.slow"'.encode()
            with unobserved():
                wait_for(
                    lambda: self.broker.hvals(WORKED_ON), lambda begun: any(task in one for one in begun), seconds=30
                )
            self.supervisor.kill(victim)
        if name in KILLED_AFTER:
            self.supervisor.kill(KILLED_AFTER[name])


@pytest.mark.timeout(600)
def test_main_job_completes_although_processes_are_killed(main_job: MainJob, walk: Walk, tmp_path: Path) -> None:
    supervisor = main_job.running.supervisor
    victims = {*KILLED_BEFORE.values(), *KILLED_AFTER.values(), *KILLED_AT_WORK.values()}
    before = {name: supervisor.restarts(name) for name in victims}
    killing = KillingWalk(walk.world, walk.observation, tmp_path)
    killing.supervisor = supervisor
    killing.broker = redis.Redis.from_url(main_job.running.addresses.broker_url)
    for role in ("citizen", "reception", "handler", "leader", "consultee", "administrator"):
        setattr(killing, role, getattr(walk, role))
    for step in STEPS:
        if step.name not in SIGNED_IN | {TRACES}:
            outcome = step.take(killing)
            assert outcome.ok, f"{outcome.name}: {outcome.text}"
    killing.broker.close()
    unharmed = [name for name in victims if supervisor.restarts(name) == before[name]]
    assert not unharmed, "a process was not killed: the test proves nothing"


def test_restarted_eid_with_new_keys_is_trusted(main_job: MainJob) -> None:
    main_job.running.supervisor.kill("eid")
    world = local_world(main_job.running, lambda channel: channel, patience=60)
    assert world.citizen(APPLICANT).account().citizen_id == APPLICANT
    world.suite.close()


@pytest.mark.timeout(120)
def test_who_cannot_renew_a_token_signs_in_again(main_job: MainJob) -> None:
    world = local_world(main_job.running, lambda channel: channel)
    clerk = world.officer(Person, cast.CLERK)
    signed_in = clerk.credentials
    assert isinstance(signed_in, SignedIn)
    # As when the answer to a renewal is lost on the way: the old refresh token is spent, the new one never arrived.
    spent, first = signed_in._refresh_token, signed_in.token()
    signed_in._renew()
    signed_in._refresh_token, signed_in._renew_at = spent, 0.0
    assert signed_in.token() != first
    assert signed_in.name == clerk.name
    world.suite.close()
