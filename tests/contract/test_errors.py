"""Reasons of errors: every one that a service can give has a Vietnamese text, and no text is for nothing."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
import yaml

from motcua_kit import domain
from motcua_kit.localisation import OWN_TEXTS
from motcua_ops.naming import SERVICES

ERRORS = {
    name
    for name in domain.__all__
    if isinstance(kind := getattr(domain, name), type) and issubclass(kind, domain.DomainError)
}


def reasons_in_contract(service: str) -> set[str]:
    module = importlib.import_module(f"motcua.{service}.v1.errors_pb2")
    values = module.DESCRIPTOR.enum_types_by_name["ErrorReason"].values_by_name
    return {name.removeprefix("ERROR_REASON_") for name in values} - {"UNSPECIFIED"}


def texts_of(service: str) -> set[str]:
    file = Path(importlib.import_module(f"motcua_{service}").__path__[0]) / "messages.vi.yaml"
    return set(yaml.safe_load(file.read_text(encoding="utf-8")) or {})


def reasons_in_code(service: str) -> set[str]:
    """Reasons written as constants where errors are raised."""
    root = Path(importlib.import_module(f"motcua_{service}").__path__[0])
    found = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                found |= {str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant)}
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_reason_of_the_contract_has_a_text(service: str) -> None:
    own = set(yaml.safe_load(OWN_TEXTS.read_text(encoding="utf-8")))
    assert reasons_in_contract(service) - texts_of(service) - own == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_text_belongs_to_a_reason_of_the_contract(service: str) -> None:
    assert texts_of(service) - reasons_in_contract(service) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_code_gives_only_reasons_of_the_contract(service: str) -> None:
    own = set(yaml.safe_load(OWN_TEXTS.read_text(encoding="utf-8")))
    assert reasons_in_code(service) - reasons_in_contract(service) - own == set()
