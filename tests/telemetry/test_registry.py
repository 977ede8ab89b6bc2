"""The registry of telemetry says what the code sends, and the alerts speak of nothing else."""

import re
from pathlib import Path

import pytest
import yaml

from motcua_devstack.paths import ROOT
from motcua_kit import attributes, metrics

REGISTRY = yaml.safe_load((ROOT / "telemetry" / "registry.yaml").read_text())
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "helm" / "motcua" / "files" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
RUNBOOK = ROOT / "docs" / "how-to" / "alerts.md"
UNIT_SUFFIX = {"s": "_seconds"}
HISTOGRAM_SERIES = ("_bucket", "_count", "_sum")

OF_THE_CLUSTER = {
    "kube_cronjob_created",
    "kube_cronjob_spec_suspend",
    "kube_cronjob_status_last_successful_time",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_replicas_available",
    "kube_horizontalpodautoscaler_spec_max_replicas",
    "kube_horizontalpodautoscaler_status_current_replicas",
    "kube_job_failed",
    "kube_pod_container_status_waiting_reason",
    "kube_poddisruptionbudget_status_current_healthy",
    "kube_poddisruptionbudget_status_desired_healthy",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
}
"""Metrics of kube-state-metrics and of the kubelet."""

PROMQL = {
    *("by", "on", "or", "unless", "sum", "max", "rate", "increase", "time", "histogram_quantile"),
    *("max_over_time", "min_over_time"),
}
"""Words of the query language that the rules use."""

GIVEN_BY_PROMETHEUS = {"job", "instance", "le"}


def constants(module: object) -> set[str]:
    return {value for name, value in vars(module).items() if name.isupper() and isinstance(value, str) and "." in value}


def prometheus_name(name: str) -> str:
    """The name that the OTLP receiver of Prometheus gives it."""
    return name.replace(".", "_") + UNIT_SUFFIX.get(REGISTRY["metrics"][name]["unit"], "")


def series() -> dict[str, set[str]]:
    """Our series in Prometheus with their labels."""
    found: dict[str, set[str]] = {}
    for name, metric in REGISTRY["metrics"].items():
        labels = {label.replace(".", "_") for label in metric["attributes"]} | GIVEN_BY_PROMETHEUS
        suffixes = HISTOGRAM_SERIES if metric["instrument"] == "histogram" else ("",)
        found |= {prometheus_name(name) + suffix: labels for suffix in suffixes}
    return found


def words(query: str) -> set[str]:
    """Names of metrics in a query: its words without strings, label matchers, groupings, durations and functions."""
    without = re.sub(r'"[^"]*"', "", query)
    without = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on)\s*\([^)]*\)", "", without)
    return set(re.findall(r"[a-zA-Z_:][\w:]*", without)) - PROMQL


def labels(query: str) -> set[str]:
    """Labels that a query matches or groups by."""
    without = re.sub(r'"[^"]*"', "", query)
    matched = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", " ".join(re.findall(r"\{([^}]*)\}", without)))
    grouped = ",".join(re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", without)).split(",")
    return {label.strip() for label in (*matched, *grouped) if label.strip()}


def test_the_registry_names_the_attributes_and_metrics_of_the_code() -> None:
    assert set(REGISTRY["attributes"]) == constants(attributes)
    assert set(REGISTRY["metrics"]) == constants(metrics)


@pytest.mark.parametrize("name", REGISTRY["metrics"])
def test_the_attributes_of_a_metric_are_registered(name: str) -> None:
    for attribute in REGISTRY["metrics"][name]["attributes"]:
        assert attribute in REGISTRY["attributes"] or attribute.startswith(tuple(REGISTRY["conventions"]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_speaks_of_metrics_and_labels_that_there_are(rule: dict[str, str]) -> None:
    ours = series()
    named = words(rule["expr"])
    assert named
    assert named <= ours.keys() | OF_THE_CLUSTER
    if known := [ours[name] for name in named if name in ours]:
        assert labels(rule["expr"]) <= set.intersection(*known)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_is_how_bad_and_what_to_do(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert ROOT / page == RUNBOOK
    assert anchor in anchors(RUNBOOK)
    for label in re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())):
        assert label in labels(str(rule["expr"]))


def anchors(page: Path) -> set[str]:
    return {line.removeprefix("## ").lower() for line in page.read_text().splitlines() if line.startswith("## ")}


def test_every_runbook_belongs_to_an_alert_and_every_cluster_metric_is_used() -> None:
    assert anchors(RUNBOOK) == {str(rule["alert"]).lower() for rule in RULES}
    assert set.union(*(words(rule["expr"]) for rule in RULES)) >= OF_THE_CLUSTER
