"""Forms in requests: a `google.protobuf.Struct` carries NaN and infinity on the wire, JSON and the contract do not."""

from __future__ import annotations

import math
from collections.abc import Iterator

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value


def without_json(message: Message, path: str = "") -> Iterator[str]:
    """Yield the paths of the Struct fields of a request that hold a number which is not finite."""
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None or descriptor.message_type.GetOptions().map_entry:
            continue
        for one in value if descriptor.is_repeated else (value,):
            here = f"{path}{descriptor.name}"
            if isinstance(one, Struct):
                if not all(_finite(member) for member in one.fields.values()):
                    yield here
            else:
                yield from without_json(one, f"{here}.")


def _finite(value: Value) -> bool:
    match value.WhichOneof("kind"):
        case "number_value":
            return math.isfinite(value.number_value)
        case "struct_value":
            return all(_finite(member) for member in value.struct_value.fields.values())
        case "list_value":
            return all(_finite(member) for member in value.list_value.values)
        case _:
            return True
