"""Aggregates to documents and back, by name. One converter for all services."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import cattrs
from bson.decimal128 import Decimal128
from cattrs.cols import is_any_set

from motcua_kit.domain import Aggregate

AggregateType = TypeVar("AggregateType", bound=Aggregate)

converter = cattrs.Converter(forbid_extra_keys=False)
converter.register_unstructure_hook(datetime, lambda value: value)
converter.register_structure_hook(datetime, lambda value, _: value.astimezone(UTC))
converter.register_unstructure_hook(date, lambda value: value.isoformat())
converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
converter.register_unstructure_hook(timedelta, lambda value: value.total_seconds())
converter.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))
converter.register_unstructure_hook(Decimal, Decimal128)
converter.register_structure_hook(
    Decimal, lambda value, _: value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)
)
converter.register_unstructure_hook_func(
    is_any_set, lambda value: sorted(converter.unstructure(item) for item in value)
)
converter.register_structure_hook_func(lambda cls: cls is object, lambda value, _: value)

ENVELOPE = ("_id", "history", "chain", "chain_head", "outbox", "pending", "requests", "replies", "created_by")
"""Parts of a document that belong to the write path and not to the aggregate's state."""


def to_document(aggregate: Aggregate) -> dict[str, Any]:
    """Return the state of an aggregate as a document, with `_id` for `id`."""
    document: dict[str, Any] = converter.unstructure(aggregate)
    document["_id"] = document.pop("id")
    return document


def from_document(document: dict[str, Any], cls: type[AggregateType]) -> AggregateType:
    """Return the aggregate that a document holds."""
    state = {key: value for key, value in document.items() if key not in ENVELOPE}
    return converter.structure({**state, "id": document["_id"]}, cls)


def to_plain(value: object) -> Any:
    """Return a value as what JSON can carry: dataclasses as objects, times in RFC 3339."""
    return _plain.unstructure(value)


_plain = cattrs.Converter()
_plain.register_unstructure_hook(datetime, lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"))
_plain.register_unstructure_hook(date, lambda value: value.isoformat())
_plain.register_unstructure_hook(Decimal, str)
