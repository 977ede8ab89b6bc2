"""The PrometheusRule: the rules of the file, each with a runbook that people on call can open."""

from typing import Any

import pytest
import yaml

from chartkit.rendering import CHART, Rendered, render, values_of, with_value

RULES = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))


def with_base(base: str) -> Rendered:
    return render(
        with_value(with_value(values_of("minimal"), "alerts.enabled", value=True), "alerts.runbookBase", base)
    )


def rules(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Rules by name, each without its runbook."""
    return {
        rule["alert"]: {**rule, "annotations": {**rule["annotations"], "runbook_url": ""}}
        for group in spec["groups"]
        for rule in group["rules"]
    }


def runbooks(spec: dict[str, Any]) -> dict[str, str]:
    return {rule["alert"]: rule["annotations"]["runbook_url"] for group in spec["groups"] for rule in group["rules"]}


@pytest.mark.parametrize("base", ["https://git.example.vn/motcua", "https://git.example.vn/motcua/"])
def test_runbooks_are_urls_below_the_base(base: str) -> None:
    (rule,) = with_base(base).of("PrometheusRule")
    assert runbooks(rule["spec"]) == {
        alert: f"https://git.example.vn/motcua/{path}" for alert, path in runbooks(RULES).items()
    }
    assert rules(rule["spec"]) == rules(RULES)


def test_without_a_base_the_rules_are_those_of_the_file() -> None:
    (rule,) = with_base("").of("PrometheusRule")
    assert rule["spec"] == RULES
