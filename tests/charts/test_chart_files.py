"""Files of the charts: versions, what is generated, what lies in both charts."""

import tomllib

import helm_python
import pytest
import yaml

from chartkit.kubernetes_schemas import VERSIONS
from chartkit.rendering import CHART, LIBRARY, ROOT, chart


def chart_yaml(name: str) -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load((ROOT / "helm" / name / "Chart.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("name", ["motcua", "motcua-service"])
def test_versions_are_the_suites(name: str) -> None:
    described = chart_yaml(name)
    assert described["apiVersion"] == "v2", "Helm 3 and 4 both read it"
    suite = tomllib.loads((ROOT / "libs" / "kit" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert described["version"] == suite["version"]
    assert described.get("appVersion", described["version"]) == described["version"]


def test_supported_versions_of_kubernetes() -> None:
    assert chart_yaml("motcua")["kubeVersion"].startswith(f">={min(VERSIONS)}.0")


def test_the_library_is_found_without_a_dependency_step() -> None:
    assert (CHART / "charts" / "motcua-service").resolve() == LIBRARY
    assert {item["name"]: item["status"] for item in helm_python.dependency_list(CHART)} == {
        "motcua-service": "unpacked"
    }
    assert [item["name"] for item in chart().dependencies] == ["motcua-service"]


def test_a_package_holds_all_that_is_needed(tmp_path: object) -> None:
    with helm_python.Chart.load(helm_python.package(CHART, destination=str(tmp_path))) as packaged:
        assert [item["name"] for item in packaged.dependencies] == ["motcua-service"]
        assert {"README.md", "files/topology.yaml"} <= {item["name"] for item in packaged.files}
        assert not [item["name"] for item in packaged.files if item["name"].startswith("ci/")]


def test_the_topology_is_that_of_the_suite() -> None:
    assert (CHART / "files" / "topology.yaml").read_bytes() == (ROOT / "telemetry" / "topology.yaml").read_bytes()


def test_alert_rules_are_well_formed() -> None:
    rules = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))
    names = []
    for group in rules["groups"]:
        assert group["name"]
        for rule in group["rules"]:
            names.append(rule["alert"])
            assert rule["expr"].strip()
            assert rule["labels"]["severity"] in ("critical", "warning", "info"), rule["alert"]
            assert rule["annotations"].keys() >= {"summary", "description", "runbook_url"}, rule["alert"]
    assert names
    assert len(set(names)) == len(names)
