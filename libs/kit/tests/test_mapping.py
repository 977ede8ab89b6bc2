"""Dataclasses to messages and back, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from google.protobuf import (  # noqa: F401 - the descriptor below names their files
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
)
from google.type import date_pb2  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.mapping import from_message, to_message, unmapped

WHOLE_FIELDS = {
    "name": "string",
    "count": "int64",
    "ratio": "double",
    "flag": "bool",
    "amount": "string",
    "create_time": ".google.protobuf.Timestamp",
    "delete_time": ".google.protobuf.Timestamp",
    "day": ".google.type.Date",
    "wait": ".google.protobuf.Duration",
    "form": ".google.protobuf.Struct",
    "colour": "Colour",
    "colours": "repeated Colour",
    "part": ".motcua.kittest.v1.Part",
    "maybe": ".motcua.kittest.v1.Part",
    "parts": "repeated .motcua.kittest.v1.Part",
    "tags": "repeated string",
    "texts": "repeated .motcua.kittest.v1.Whole.TextsEntry",
    "by_name": "repeated .motcua.kittest.v1.Whole.ByNameEntry",
}


def _add(message: descriptor_pb2.DescriptorProto, fields: dict[str, str]) -> None:
    for number, (name, written) in enumerate(fields.items(), start=1):
        added = message.field.add(name=name, number=number)
        label, _, kind = written.rpartition(" ")
        added.label = added.LABEL_REPEATED if label else added.LABEL_OPTIONAL
        if kind.startswith("."):
            added.type, added.type_name = added.TYPE_MESSAGE, kind
        elif kind == "Colour":
            added.type, added.type_name = added.TYPE_ENUM, ".motcua.kittest.v1.Colour"
        else:
            added.type = getattr(added, f"TYPE_{kind.upper()}")


def _load() -> None:
    file = descriptor_pb2.FileDescriptorProto(
        name="motcua/kittest/v1/mapping.proto", package="motcua.kittest.v1", syntax="proto3"
    )
    file.dependency.extend(f"google/protobuf/{name}.proto" for name in ("duration", "struct", "timestamp"))
    file.dependency.append("google/type/date.proto")
    colour = file.enum_type.add(name="Colour")
    for number, name in enumerate(("UNSPECIFIED", "RED", "BLUE")):
        colour.value.add(name=f"COLOUR_{name}", number=number)
    _add(file.message_type.add(name="Part"), {"name": "string", "size": "string"})
    whole = file.message_type.add(name="Whole")
    _add(whole, WHOLE_FIELDS)
    for name, kind in (("TextsEntry", "string"), ("ByNameEntry", ".motcua.kittest.v1.Part")):
        entry = whole.nested_type.add(name=name)
        entry.options.map_entry = True
        _add(entry, {"key": "string", "value": kind})
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())


def _message_class(name: str) -> Any:
    pool = descriptor_pool.Default()
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"motcua.kittest.v1.{name}"))


_load()
WholeMessage, PartMessage = _message_class("Whole"), _message_class("Part")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    name: str
    size: Decimal


@dataclass
class Whole:
    name: str
    count: int
    ratio: float
    flag: bool
    amount: Decimal
    create_time: datetime
    day: date
    wait: timedelta
    colour: Colour
    part: Part
    delete_time: datetime | None = None
    maybe: Part | None = None
    form: dict[str, Any] = field(default_factory=dict)
    colours: tuple[Colour, ...] = ()
    parts: list[Part] = field(default_factory=list)
    tags: frozenset[str] = frozenset()
    texts: dict[str, str] = field(default_factory=dict)
    by_name: dict[str, Part] = field(default_factory=dict)


TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
DECIMAL = st.decimals(allow_nan=False, allow_infinity=False, places=3)
PART = st.builds(Part, TEXT, DECIMAL)
# protobuf's timestamps begin with year 1 and have nanoseconds; ours have microseconds at most.
TIME = st.datetimes(timezones=st.just(UTC))
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
WHOLE = st.builds(
    Whole,
    name=TEXT,
    count=st.integers(-(2**63), 2**63 - 1),
    ratio=st.floats(allow_nan=False),
    flag=st.booleans(),
    amount=DECIMAL,
    create_time=TIME,
    day=st.dates(),
    wait=st.timedeltas(timedelta(days=-1000), timedelta(days=1000)),
    colour=st.sampled_from(Colour),
    part=PART,
    delete_time=st.none() | TIME,
    maybe=st.none() | PART,
    form=st.dictionaries(TEXT, JSON, max_size=3),
    colours=st.lists(st.sampled_from(Colour), max_size=3).map(tuple),
    parts=st.lists(PART, max_size=3),
    tags=st.frozensets(TEXT, max_size=3),
    texts=st.dictionaries(TEXT, TEXT, max_size=3),
    by_name=st.dictionaries(TEXT, PART, max_size=3),
)


@given(value=WHOLE)
def test_there_and_back(value: Whole) -> None:
    message = WholeMessage.FromString(to_message(value, WholeMessage).SerializeToString())
    assert from_message(message, Whole) == value


def test_every_field_is_mapped_or_named() -> None:
    assert unmapped(Whole, WholeMessage) == set()

    @dataclass
    class Less:
        name: str

        @property
        def count(self) -> int:
            return 1

    class Least(Less):
        @property
        def ratio(self) -> float:
            return 0.5

    missing = unmapped(Least, WholeMessage, "flag", "amount")
    assert missing == set(WholeMessage.DESCRIPTOR.fields_by_name) - {"name", "count", "ratio", "flag", "amount"}
    assert to_message(Least("a"), WholeMessage).ratio == 0.5


def test_overrides_come_before_attributes_and_must_be_fields() -> None:
    part = Part("a", Decimal("1.50"))
    assert to_message(part, PartMessage, name="parts/a") == PartMessage(name="parts/a", size="1.50")
    assert from_message(PartMessage(name="parts/a", size="1.5"), Part, name="a") == Part("a", Decimal("1.5"))
    with pytest.raises(ValueError, match="Part has no field colour"):
        to_message(part, PartMessage, colour="red")


def test_what_a_message_leaves_out_gets_its_default() -> None:
    @dataclass
    class Sparse:
        name: str
        delete_time: datetime | None = None
        maybe: Part | None = None
        not_in_the_message: int = 7

    assert from_message(WholeMessage(name="a"), Sparse) == Sparse("a")


@pytest.mark.parametrize("number", [0, 99])
def test_an_enum_value_without_a_member_is_refused(number: int) -> None:
    @dataclass
    class Painted:
        colour: Colour

    with pytest.raises(ValueError, match=r"Colour has no member for motcua\.kittest\.v1\.Colour (UNSPECIFIED|99)"):
        from_message(WholeMessage(colour=number), Painted)


def test_an_enum_member_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"motcua\.kittest\.v1\.Colour has no value for GREEN"):
        to_message(object(), WholeMessage, colour="GREEN")
