"""What the guides tell kubectl to select and name is what the chart makes."""

import re
from collections.abc import Iterator, Mapping

import pytest

from chartkit.rendering import CHART, ROOT, Rendered, rendered

PAGES = {
    file.name: " ".join(file.read_text(encoding="utf-8").split())
    for file in (CHART / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md")))
}
VARIATIONS = ("production", "dev")
"""Between them they have all that a guide may speak of."""

SELECTING = re.compile(r"kubectl ([^`|]*?) -l ([^\s`]+)")
NAMING = re.compile(r"\b(deploy|deployment|service|cronjob|job|lease)(?:/| | -n \S+ )(motcua-[a-z<>-]+)(?: (\d+))?")
SELECTORS = [(page, *found) for page, text in PAGES.items() for found in SELECTING.findall(text)]
"""Page, verb with its object, selector."""
NAMES = sorted({(page, *found) for page, text in PAGES.items() for found in NAMING.findall(text)})
"""Page, kind, name, port."""


def chooses(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether a label selector, as kubectl takes it, chooses an object with these labels."""

    def holds(requirement: str) -> bool:
        key, operator, value = re.split(r"(!?=)", requirement) if "=" in requirement else (requirement, "", "")
        return {"": key in labels, "=": labels.get(key) == value, "!=": labels.get(key) != value}[operator]

    return all(holds(part) for part in selector.split(",") if part != "…")


def selectable(release: Rendered, what: str) -> Iterator[Mapping[str, str]]:
    """Labels of the objects that a command looks at."""
    if "deployment" in what:
        return (item["metadata"]["labels"] for item in release.of("Deployment"))
    return (workload.labels for workload in release.workloads)


@pytest.mark.parametrize(("page", "what", "selector"), SELECTORS)
def test_each_selector_chooses_something(page: str, what: str, selector: str) -> None:
    found = [labels for name in VARIATIONS for labels in selectable(rendered(name), what) if chooses(selector, labels)]
    assert found, page


@pytest.mark.parametrize(("page", "kind", "name", "port"), NAMES)
def test_each_object_that_is_named_is_there(page: str, kind: str, name: str, port: str) -> None:
    kind = {"deploy": "Deployment", "cronjob": "CronJob"}.get(kind, kind.capitalize())
    objects = {item["metadata"]["name"]: item for variation in VARIATIONS for item in rendered(variation).of(kind)}
    named = objects.get(name.replace("<service>", "dossier"))
    assert named, page
    assert not port or int(port) in {item["port"] for item in named["spec"]["ports"]}, page


@pytest.mark.parametrize("variation", VARIATIONS)
def test_a_restore_stops_all_that_writes_and_waits_for_nothing_that_stays(variation: str) -> None:
    scaled, waited = (selector for page, _, selector in SELECTORS if page == "back-up-and-restore.md")
    release = rendered(variation)
    writers = [workload for workload in release.of_services if workload.is_long_running]
    assert [workload for workload in release.workloads if chooses(waited, workload.labels)] == writers
    assert [item for item in release.of("Deployment") if chooses(scaled, item["metadata"]["labels"])] == [
        workload.owner for workload in writers
    ]
