"""What holds for every object of every supported variation."""

import helm_python
import pytest

from chartkit.kubernetes_schemas import VERSIONS, violation
from chartkit.rendering import CHART, NAMESPACE, VARIATIONS, Rendered, render, rendered, values_of

INFORMATION = 1
"""Severity of a finding that is none: that a chart may have an icon."""
NAME_LIMIT = 63
LONGEST_RELEASE_NAME = "a-release-whose-name-is-as-long-as-helm-allows-it-53c"
COMMON_LABELS = {
    "app.kubernetes.io/name": "motcua",
    "app.kubernetes.io/instance": "motcua",
    "app.kubernetes.io/part-of": "motcua",
    "app.kubernetes.io/managed-by": "Helm",
}


def test_each_supported_variation_is_there() -> None:
    assert VARIATIONS.keys() >= {"minimal", "production", "external-stores", "tls", "autoscaling", "dev"}


def test_lint_has_no_findings(variation: str) -> None:
    report = helm_python.lint(CHART, values_of(variation), strict=True, namespace=NAMESPACE)
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] > INFORMATION] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_each_object(release: Rendered, version: str) -> None:
    assert [found for item in release.objects if (found := violation(item, version))] == []


def test_a_schema_refuses_what_does_not_belong_there(release: Rendered) -> None:
    good = release.of("Deployment")[0]
    bad = {**good, "spec": {**good["spec"], "replica": 1}}
    assert {bool(violation(bad, version)) for version in VERSIONS} == {True}


def test_names_are_unique(release: Rendered) -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in release.objects]
    assert len(set(names)) == len(names)


def test_names_fit_with_the_longest_release_name(variation: str) -> None:
    helm_python.validate_release_name(LONGEST_RELEASE_NAME)
    found = render(values_of(variation), name=LONGEST_RELEASE_NAME)
    names = [(item["kind"], item["metadata"]["name"]) for item in found.objects]
    assert [name for _, name in names if len(name) > NAME_LIMIT] == []
    assert len(set(names)) == len(names)
    labels = [item["metadata"]["labels"].values() for item in found.objects]
    assert [value for values in labels for value in values if len(value) > NAME_LIMIT] == []


def test_objects_are_in_the_namespace_of_the_release(release: Rendered) -> None:
    """Least rights: whoever installs needs nothing outside one namespace."""
    assert {item["metadata"]["namespace"] for item in release.objects} == {NAMESPACE}


def test_objects_have_the_recommended_labels(release: Rendered) -> None:
    for item in release.objects:
        labels = item["metadata"]["labels"]
        assert labels.items() >= COMMON_LABELS.items(), item["metadata"]["name"]
        assert labels["app.kubernetes.io/version"]


def test_values_hold_no_secret(release: Rendered) -> None:
    assert release.of("Secret") == []


def test_an_upgrade_changes_no_more_than_the_migration_jobs(variation: str, release: Rendered) -> None:
    """An install and an upgrade with the same values make the same pods."""
    upgraded = rendered(variation, upgrade=True)
    for workload in release.workloads:
        if workload.is_long_running:
            assert upgraded.get(workload.kind, workload.name) == workload.owner


def test_notes_tell_the_next_commands(release: Rendered) -> None:
    commands = [line.strip() for line in release.notes.splitlines() if line.strip().startswith(("helm ", "kubectl "))]
    assert len(commands) >= 3
    assert any(line.startswith("helm test ") for line in commands)
