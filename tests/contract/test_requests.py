"""Every field of every request has a rule; only yes or no, and parts with rules or checks of their own, need none."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from motcua_ops.naming import SERVICES

FREE = (FieldDescriptor.TYPE_BOOL, FieldDescriptor.TYPE_MESSAGE)


def methods_of(service: str) -> Iterator[MethodDescriptor]:
    package = importlib.import_module(f"motcua.{service}.v1")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.endswith("_pb2"):
            descriptor = importlib.import_module(f"{package.__name__}.{module.name}").DESCRIPTOR
            for each in descriptor.services_by_name.values():
                yield from each.methods


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_of_a_request_has_a_rule(service: str) -> None:
    fields = [field for method in methods_of(service) for field in method.input_type.fields]
    assert fields
    bare = [
        field.full_name
        for field in fields
        if field.type not in FREE and not field.GetOptions().HasExtension(validate_pb2.field)
    ]
    assert bare == []
