"""Upgrade and roll back while a client sends commands all the time."""

from collections.abc import Callable, Iterator

import pytest

from motcua_client import wait_for
from motcua_devstack.cluster.installation import Images, Installation
from motcua_devstack.cluster.load import Load

CHANGED = {"settings.LOG_LEVEL": "DEBUG"}
LEAST_SENT = 100
REPLACED_SECONDS = 90.0


@pytest.fixture
def load(suite: Installation) -> Iterator[Load]:
    """A client that sends commands until it is stopped."""
    with Load(suite, "load-upgrade", "--clients", "2") as load:
        yield load


def tags(suite: Installation) -> set[str]:
    """Tags of the images that the services' pods run."""
    return {
        pod["spec"]["containers"][0]["image"].rpartition(":")[2]
        for pod in suite.pods()
        if pod["metadata"]["labels"].get("motcua.io/service")
        and not pod["metadata"].get("deletionTimestamp")
        and pod["status"]["phase"] == "Running"
    }


def only(suite: Installation, tag: str) -> None:
    """Wait until no pod runs another tag: helm waits for the new pods, not for the end of the old ones."""
    wait_for(lambda: tags(suite), lambda found: found == {tag}, REPLACED_SECONDS, f"all pods to run {tag}")


def test_upgrade_and_roll_back_under_load(
    suite: Installation, load: Load, images: Images, next_images: Images, figure: Callable[[str, str], None]
) -> None:
    upgraded = suite.install(CHANGED, images=next_images)
    only(suite, next_images.tag)
    suite.helm("rollback", "motcua", "--wait", "--timeout", "8m")
    only(suite, images.tag)
    summary = load.stop()
    assert summary["sent"] >= LEAST_SENT, "too few commands to prove anything"
    assert summary["failed_after_retries"] == 0
    assert summary["lost"] == 0
    assert summary["doubled"] == 0
    figure("upgrade under load", f"{upgraded:.0f} s; {summary}")
