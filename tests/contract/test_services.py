"""Each service is known wherever one has to be named by hand (docs/how-to/add-a-service.md)."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from motcua_devstack.demo.remote import Surroundings
from motcua_kit.settings import ServiceSettings
from motcua_ops.naming import SERVICES, WITH_HTTP
from motcua_ops.secrets.catalogue import specs
from motcua_ops.settings import OpsSettings
from motcua_ops.smoke import READS

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "motcua"


def loaded(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def lists(value: Any) -> Iterator[list[str]]:
    """All lists of texts within a value."""
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list):
        yield [item for item in value if isinstance(item, str)]
        for item in value:
            yield from lists(item)


def parts(items: list[str]) -> set[str]:
    """Names in paths of files and of modules."""
    return {part for item in items for part in re.split(r"[/.]", item)}


def test_tools_that_name_several_services_name_all() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    named = [{name for name in SERVICES if {f"motcua_{name}", name} & parts(items)} for items in lists(tools)]
    assert [services for services in named if len(services) > 1 and services != set(SERVICES)] == []
    own = [contract["name"] for contract in tools["importlinter"]["contracts"] if contract["name"].endswith(")")]
    assert own == [f"Adapters and entrypoints never import each other ({name})" for name in SERVICES]


def test_the_list_is_that_of_the_folders() -> None:
    assert {file.parent.name for file in (ROOT / "services").glob("*/pyproject.toml")} == set(SERVICES)


def test_the_smoke_test_reads_from_each() -> None:
    assert tuple(read.service for read in READS) == SERVICES


@pytest.mark.parametrize("settings", [ServiceSettings, OpsSettings, Surroundings])
def test_each_has_an_address(settings: type[BaseModel]) -> None:
    assert {name for name in settings.model_fields if name.endswith("_address")} == {
        f"{name}_address" for name in SERVICES
    }


def test_the_chart_installs_each_and_sets_its_address() -> None:
    assert set(loaded(CHART / "values.yaml")["services"]) == set(SERVICES)
    managed = loaded(CHART / "files" / "settings.yaml")["managed"]
    assert {name for name in managed if name.endswith("_ADDRESS")} == {f"{name.upper()}_ADDRESS" for name in SERVICES}


def test_the_chart_knows_what_each_works_with() -> None:
    needs = loaded(CHART / "files" / "needs.yaml")
    assert set(needs) == set(SERVICES)
    assert {name for name, processes in needs.items() if "http" in processes} == set(WITH_HTTP)


@pytest.mark.parametrize("service", SERVICES)
def test_the_chart_mounts_the_secrets_that_operators_make(service: str) -> None:
    own = loaded(CHART / "files" / "secrets.yaml")["own"]
    mounted = own.get(service, own["files"])["motcua"]
    required = specs()[service].required
    assert set(mounted["keys"]) == required
    assert set(mounted.get("optional", ())) <= specs()[service].keys.keys() - required
