"""From an empty namespace to a verified main job, with every hop traced."""

import time
from collections.abc import Callable

from motcua_devstack.cluster.installation import Installation
from motcua_devstack.demo.steps import STEPS


def test_install_and_main_job(suite: Installation, install_seconds: float, figure: Callable[[str, str], None]) -> None:
    begun = time.monotonic()
    result = suite.perform("verify-install", "verify")
    walked = time.monotonic() - begun
    assert result.succeeded, result.log
    # The last step looks at the collector in the cluster: the trace of each action is complete.
    assert f"{len(STEPS)} of {len(STEPS)} steps verified" in result.log
    figure("install", f"{install_seconds:.0f} s until all is ready, {install_seconds + walked:.0f} s until verified")


def test_helm_test_passes(suite: Installation) -> None:
    assert "Phase:          Succeeded" in suite.helm("test", "motcua", "--timeout", "5m")


def test_no_pod_was_restarted(suite: Installation) -> None:
    restarted = {
        pod["metadata"]["name"]: status["restartCount"]
        for pod in suite.pods()
        for status in pod["status"].get("containerStatuses", [])
        if status["restartCount"]
    }
    assert not restarted, "processes wait for what they need instead of dying"
