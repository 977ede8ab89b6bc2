"""What the operators' command knows of the services' databases is what they are."""

from __future__ import annotations

import dataclasses
import importlib
import types
import typing
from enum import Enum
from typing import Any

import pytest

from motcua_dossier.domain.consultation import Consultation
from motcua_dossier.domain.dossier import Dossier
from motcua_kit.domain import Aggregate
from motcua_notify.domain.notification import Notification
from motcua_ops.doctor import stores
from motcua_ops.doctor.databases import OVERDUE, Overdue, migrations
from motcua_ops.naming import SERVICES

AGGREGATES: dict[str, type[Aggregate]] = {
    "dossiers": Dossier,
    "consultations": Consultation,
    "notifications": Notification,
}


def kind_at(cls: type[Any], path: str) -> Any:
    """Return the type that a path of a query leads to in an aggregate's document."""
    found: Any = cls
    for name in path.split("."):
        assert name in {field.name for field in dataclasses.fields(found)}, f"{found.__name__} has no {name}"
        found = inner(typing.get_type_hints(found)[name])
    return found


def inner(kind: Any) -> Any:
    """Return what is in a list, and what an optional is when it is there."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        kind = next(part for part in typing.get_args(kind) if part is not types.NoneType)
    return inner(typing.get_args(kind)[0]) if typing.get_origin(kind) is list else kind


@pytest.mark.parametrize("kind", OVERDUE, ids=[kind.text for kind in OVERDUE])
def test_queries_name_fields_and_states_that_exist(kind: Overdue) -> None:
    cls = AGGREGATES[kind.collection]
    assert kind_at(cls, kind.late).__name__ == "datetime"
    for path, wanted in kind.filter.items():
        found = kind_at(cls, path)
        values = wanted.get("$in", []) if isinstance(wanted, dict) else [wanted]
        if issubclass(found, Enum):
            assert values
            assert {*values} <= {member.value for member in found}


def test_the_doctor_knows_every_schema_change() -> None:
    services = {name: importlib.import_module(f"motcua_{name}.bootstrap").SERVICE for name in SERVICES}
    assert migrations() == {name: [each.id for each in service.migrations] for name, service in services.items()}


def test_the_doctor_knows_every_bucket() -> None:
    services = [importlib.import_module(f"motcua_{name}.bootstrap").SERVICE for name in SERVICES]
    assert {service.name: f"motcua-{service.name}" for service in services if service.buckets} == stores.BUCKETS
