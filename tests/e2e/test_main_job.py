"""The main job end to end: one test a step, so that the first failure says where it broke."""

import re

import pytest

from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.steps import STEPS


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[step.name for step in STEPS])
def test_step(main_job: MainJob, number: int) -> None:
    assert number < len(main_job.outcomes), f"not reached: {main_job.outcomes[-1].name} failed before"
    outcome = main_job.outcomes[number]
    assert outcome.ok, outcome.text
    assert outcome.text
    if STEPS[number].name != "traces":
        assert re.fullmatch("[0-9a-f]{32}", outcome.trace_id)
