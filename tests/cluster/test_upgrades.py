"""Upgrade and roll back while a client sends commands all the time."""

from collections.abc import Callable, Iterator

import pytest

from motcua_devstack.cluster.installation import Images, Installation
from motcua_devstack.cluster.load import Load

CHANGED = {"settings.LOG_LEVEL": "DEBUG"}
LEAST_SENT = 100


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


def test_upgrade_and_roll_back_under_load(
    suite: Installation, load: Load, images: Images, next_images: Images, figure: Callable[[str, str], None]
) -> None:
    upgraded = suite.install(CHANGED, images=next_images)
    assert tags(suite) == {next_images.tag}
    suite.helm("rollback", "motcua", "--wait", "--timeout", "8m")
    assert tags(suite) == {images.tag}
    summary = load.stop()
    assert summary["sent"] >= LEAST_SENT, "too few commands to prove anything"
    assert summary["failed_after_retries"] == 0
    assert summary["lost"] == 0
    assert summary["doubled"] == 0
    figure("upgrade under load", f"{upgraded:.0f} s; {summary}")
