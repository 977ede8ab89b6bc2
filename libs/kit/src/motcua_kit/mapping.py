"""Dataclasses to protobuf messages and back, by field name; what differs is named explicitly by the caller."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from motcua_kit.domain import ValidationFailed

FieldDescriptor = Any
"""protobuf has two classes for it, one typed without the other's members."""

_TYPE_STRING = FieldDescriptorProto.TYPE_STRING

Converter = Callable[[Any], Any]

MessageType = TypeVar("MessageType", bound=Message)
Value = TypeVar("Value")


def to_message(value: object, cls: type[MessageType], **overrides: Any) -> MessageType:
    """Return a message with every field that the object has under the same name.

    Args:
        value: a dataclass instance.
        cls: class of the message.
        **overrides: fields whose value is given here instead, e.g. `name`. Fields that neither the object nor the
            overrides have stay empty.

    Raises:
        ValueError: an override names a field that the message does not have.
    """
    if unknown := overrides.keys() - cls.DESCRIPTOR.fields_by_name.keys():
        text = f"{cls.__name__} has no field {', '.join(sorted(unknown))}"
        raise ValueError(text)
    return cls(**_fields(value, cls, overrides))


def _fields(value: object, cls: type[Message], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a message is made of, all at once: protobuf takes mappings for the messages within."""
    fields = {}
    for name, convert in _converters(typing.cast("Hashable", cls)).items():
        found = given[name] if name in given else getattr(value, name, None)
        if found is not None:
            fields[name] = convert(found)
    return fields


def unmapped(cls: type, message: type[Message], *exceptions: str) -> set[str]:
    """Return the message's fields that neither the dataclass nor the exceptions fill: tests want none."""
    names = {field.name for field in dataclasses.fields(cls)} | {
        name for name, attribute in vars(cls).items() if isinstance(attribute, property)
    }
    for base in cls.__mro__[1:]:
        names |= {name for name, attribute in vars(base).items() if isinstance(attribute, property)}
    return set(message.DESCRIPTOR.fields_by_name) - names - set(exceptions)


@cache
def _converters(cls: Hashable) -> dict[str, Converter]:
    """What makes a value of Python one of each field of a message class, found out once."""
    fields = typing.cast("type[Message]", cls).DESCRIPTOR.fields_by_name
    return {name: _field_converter(descriptor) for name, descriptor in fields.items()}


def _field_converter(descriptor: FieldDescriptor) -> Converter:
    if _is_map(descriptor):
        convert_item = _converter(descriptor.message_type.fields_by_name["value"])
        return lambda values: {key: convert_item(item) for key, item in values.items()}
    convert = _converter(descriptor)
    return (lambda values: [convert(item) for item in values]) if descriptor.is_repeated else convert


def _converter(descriptor: FieldDescriptor) -> Converter:
    """What makes a value of Python one of a field, or one item of it."""
    if descriptor.enum_type is not None:
        return _enum_converter(descriptor.enum_type)
    if descriptor.message_type is None:
        return _text if descriptor.type == _TYPE_STRING else _scalar
    if descriptor.message_type.full_name in _WELL_KNOWN:
        return _WELL_KNOWN[descriptor.message_type.full_name]
    cls: type[Message] = message_factory.GetMessageClass(descriptor.message_type)
    return lambda value: value if isinstance(value, Message) else _fields(value, cls, {})


def _scalar(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _text(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case Decimal():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _same(value: Any) -> Any:
    return value


def _civil(value: Any) -> Any:
    return Date(year=value.year, month=value.month, day=value.day) if isinstance(value, date) else value


_WELL_KNOWN: dict[str, Converter] = {
    "google.protobuf.Timestamp": _same,  # protobuf takes what Python has for these
    "google.protobuf.Duration": _same,
    "google.protobuf.Struct": _same,
    "google.type.Date": _civil,
}


def _enum_converter(descriptor: EnumDescriptor) -> Converter:
    """Members of an enum by their name, with the prefix of the message's enum or without."""
    prefix = _prefix(descriptor)
    numbers = {value.name.removeprefix(prefix): value.number for value in descriptor.values}
    numbers |= {value.name: value.number for value in descriptor.values}

    def convert(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, Enum):
            return value
        name = value.name if isinstance(value, Enum) else str(value)
        if name not in numbers:
            text = f"{descriptor.full_name} has no value for {name}"
            raise ValueError(text)
        return numbers[name]

    return convert


@cache
def _prefix(descriptor: EnumDescriptor) -> str:
    """`STATE_` for an enum whose zero is `STATE_UNSPECIFIED`."""
    return descriptor.values[0].name.removesuffix("UNSPECIFIED")


def _is_map(descriptor: FieldDescriptor) -> bool:
    return bool(
        descriptor.is_repeated
        and descriptor.message_type is not None
        and descriptor.message_type.GetOptions().map_entry
    )


def from_message(message: Message, cls: type[Value], **overrides: Any) -> Value:
    """Return a dataclass from a message's fields of the same names.

    Args:
        message: what arrived; it has passed validation.
        cls: dataclass to build. Its fields that the message lacks need a default or an override.
        **overrides: fields whose value is given here instead.

    Raises:
        ValueError: an enum value or a field cannot be mapped.
    """
    hints = _hints(typing.cast("Hashable", cls))
    values = dict(overrides)
    fields = message.DESCRIPTOR.fields_by_name
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if field.name in values or not field.init or field.name not in fields:
            continue
        descriptor = fields[field.name]
        if descriptor.has_presence and not message.HasField(field.name):
            continue
        values[field.name] = _value(getattr(message, field.name), descriptor, hints[field.name])
    return cls(**values)


@cache
def _hints(cls: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(raw: Any, descriptor: FieldDescriptor | None, hint: Any) -> Any:  # noqa: C901, PLR0911 - one case a type
    hint = _without_none(hint)
    origin = typing.get_origin(hint)
    if isinstance(raw, Struct):
        return json_format.MessageToDict(raw)
    if origin in (list, tuple, set, frozenset, Sequence):
        item = typing.get_args(hint)[0]
        container = list if origin is Sequence else origin
        return container(_value(element, descriptor, item) for element in raw)
    if origin in (dict, Mapping):
        return {key: _value(element, None, typing.get_args(hint)[1]) for key, element in raw.items()}
    match raw:
        case Timestamp():
            return _moment(raw)
        case Duration():
            return raw.ToTimedelta()
        case Date():
            return _date(raw)
        case Message():
            return from_message(raw, hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum_member(raw, descriptor, hint)
    if hint is Decimal:
        return Decimal(str(raw))
    if hint is timedelta:
        return timedelta(seconds=raw)
    return raw


def _date(raw: Date) -> date:
    try:
        return date(raw.year, raw.month, raw.day)
    except ValueError as error:  # 30 February passes every field rule
        message = f"{raw.year}-{raw.month}-{raw.day} is no date"
        raise ValidationFailed("REQUEST_INVALID", message) from error


def _moment(raw: Timestamp) -> datetime:
    try:
        return raw.ToDatetime(tzinfo=UTC)
    except ValueError as error:  # the year 30 000 passes every field rule, too
        message = f"{raw.seconds} s since 1970 lies outside the calendar"
        raise ValidationFailed("REQUEST_INVALID", message) from error


def _enum_member(raw: Any, descriptor: FieldDescriptor | None, hint: type[Enum]) -> Enum:
    if descriptor is None or descriptor.enum_type is None:
        return hint(raw)
    value = descriptor.enum_type.values_by_number.get(raw)
    name = value.name.removeprefix(_prefix(descriptor.enum_type)) if value else str(raw)
    if name not in hint.__members__:
        text = f"{hint.__name__} has no member for {descriptor.enum_type.full_name} {name}"
        raise ValueError(text)
    return hint[name]


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = (argument for argument in typing.get_args(hint) if argument is not type(None))
    return hint
