"""The suite on a real cluster: the one that KUBECONFIG names, with the images that MOTCUA_CLUSTER_IMAGES names."""

import os
from collections.abc import Callable, Iterator

import pytest

from motcua_devstack.cluster.installation import Images, Installation

IMAGES = "MOTCUA_CLUSTER_IMAGES"
NEXT_TAG = "MOTCUA_CLUSTER_NEXT_TAG"
KEEP = "MOTCUA_CLUSTER_KEEP"
NAMESPACE = "motcua-test"
FIGURE = "figure"
ORDER = ("wrong_values", "install", "networks", "costs", "faults", "upgrades", "scaling", "audit", "backups", "tls")
"""One installation serves most tests: those that only look come first, the one that destroys it last."""
LONGEST_SECONDS = 1500

Figure = Callable[[str, str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the cluster in order and give them time, or say what they need."""
    own = [item for item in items if item.nodeid.startswith("tests/cluster/")]
    for item in own:
        item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))
        if IMAGES not in os.environ:
            item.add_marker(pytest.mark.skip(reason=f"needs a cluster and {IMAGES}: see tests/cluster/README.md"))
    places = [place for place, item in enumerate(items) if item in own]
    own.sort(key=lambda item: ORDER.index(item.path.stem.removeprefix("test_")))
    for place, item in zip(places, own, strict=True):
        items[place] = item


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, whichever worker measured it."""
    passed: list[pytest.TestReport] = terminalreporter.stats.get("passed", [])
    figures = [value for report in passed for name, value in report.user_properties if name == FIGURE]
    if figures:
        terminalreporter.section("figures of the cluster")
        for figure in figures:
            terminalreporter.write_line(str(figure))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Keep a measured figure for the summary."""
    return lambda name, value: record_property(FIGURE, f"{name}: {value}")


@pytest.fixture(scope="session")
def images() -> Images:
    """The images under test."""
    return Images.parse(os.environ[IMAGES])


@pytest.fixture(scope="session")
def next_images(images: Images) -> Images:
    """The same suite under another tag, to upgrade to."""
    return Images(images.repository, os.environ[NEXT_TAG])


@pytest.fixture(scope="session")
def empty(images: Images) -> Iterator[Installation]:
    """A namespace that enforces the restricted Pod Security level, with Secrets and nothing else."""
    installation = Installation(NAMESPACE, images)
    installation.remove()
    installation.prepare()
    yield installation
    if KEEP not in os.environ:
        installation.remove()


@pytest.fixture(scope="session")
def install_seconds(empty: Installation) -> float:
    """Seconds from the empty namespace until everything is ready."""
    return empty.install()


@pytest.fixture
def suite(empty: Installation, install_seconds: float) -> Installation:
    """The suite, installed and with all its pods ready, whatever the test before did to it."""
    assert install_seconds > 0
    empty.settle()
    return empty
