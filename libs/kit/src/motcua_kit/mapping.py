"""Dataclasses to protobuf messages and back, by field name; what differs is named explicitly by the caller."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
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
    message = cls()
    fields = message.DESCRIPTOR.fields_by_name
    if unknown := overrides.keys() - fields.keys():
        text = f"{cls.__name__} has no field {', '.join(sorted(unknown))}"
        raise ValueError(text)
    for name, descriptor in fields.items():
        if name in overrides:
            _assign(message, descriptor, overrides[name])
        elif hasattr(value, name):
            _assign(message, descriptor, getattr(value, name))
    return message


def unmapped(cls: type, message: type[Message], *exceptions: str) -> set[str]:
    """Return the message's fields that neither the dataclass nor the exceptions fill: tests want none."""
    names = {field.name for field in dataclasses.fields(cls)} | {
        name for name, attribute in vars(cls).items() if isinstance(attribute, property)
    }
    for base in cls.__mro__[1:]:
        names |= {name for name, attribute in vars(base).items() if isinstance(attribute, property)}
    return set(message.DESCRIPTOR.fields_by_name) - names - set(exceptions)


def _assign(message: Message, descriptor: FieldDescriptor, value: Any) -> None:
    if value is None:
        return
    name = descriptor.name
    if _is_map(descriptor):
        target = getattr(message, name)
        for key, item in value.items():
            if descriptor.message_type.fields_by_name["value"].message_type:
                target[key].CopyFrom(_single(descriptor.message_type.fields_by_name["value"], item))
            else:
                target[key] = _single(descriptor.message_type.fields_by_name["value"], item)
    elif descriptor.is_repeated:
        getattr(message, name).extend(_single(descriptor, item) for item in value)
    elif descriptor.message_type is not None:
        getattr(message, name).CopyFrom(_single(descriptor, value))
    else:
        setattr(message, name, _single(descriptor, value))


def _single(descriptor: FieldDescriptor, value: Any) -> Any:
    if descriptor.enum_type is not None:
        return _enum_number(descriptor.enum_type, value)
    if descriptor.message_type is not None:
        return _message(descriptor, value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal) and descriptor.type == _TYPE_STRING:
        return str(value)
    if isinstance(value, datetime) and descriptor.type == _TYPE_STRING:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _message(descriptor: FieldDescriptor, value: Any) -> Message:
    if isinstance(value, Message):
        return value
    match descriptor.message_type.full_name:
        case "google.protobuf.Timestamp":
            timestamp = Timestamp()
            timestamp.FromDatetime(value.astimezone(UTC).replace(tzinfo=None))
            return timestamp
        case "google.protobuf.Duration":
            duration = Duration()
            duration.FromTimedelta(value)
            return duration
        case "google.type.Date":
            civil: Message = Date(year=value.year, month=value.month, day=value.day)
            return civil
        case "google.protobuf.Struct":
            struct = Struct()
            struct.update(value)
            return struct
        case _:
            return to_message(value, _message_class(descriptor))


def _message_class(descriptor: FieldDescriptor) -> type[Message]:
    cls: type[Message] = message_factory.GetMessageClass(descriptor.message_type)
    return cls


def _enum_number(descriptor: EnumDescriptor, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, Enum):
        return value
    name = value.name if isinstance(value, Enum) else str(value)
    for candidate in (name, f"{_prefix(descriptor)}{name}"):
        if candidate in descriptor.values_by_name:
            return descriptor.values_by_name[candidate].number
    text = f"{descriptor.full_name} has no value for {name}"
    raise ValueError(text)


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
