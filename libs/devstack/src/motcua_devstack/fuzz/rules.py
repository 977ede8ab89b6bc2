"""Values that keep the rules of a field, close to where they end."""

from typing import Any

from buf.validate import validate_pb2
from google.api import resource_pb2
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import strategies as st

from motcua_devstack.fuzz.corpus import Corpus
from motcua_devstack.fuzz.texts import any_text, text_of_length

UNLIMITED_TEXT = 300
KNOWN_TO_MADE = 4
BITS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
FLOATING = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)
FLOATS = (0.0, -0.0, 5e-324, -1.0, 0.1, 1e-9, 105.5, 1e15, 1.7976931348623157e308)


def rules_of(field: Any) -> Any:
    """The rules of a field; of its elements when it is repeated."""
    rules = field.GetOptions().Extensions[validate_pb2.field]
    return rules.repeated.items if field.is_repeated else rules


def required(field: Any) -> bool:
    """Whether the contract wants the field."""
    return bool(field.GetOptions().Extensions[validate_pb2.field].required)


def lawful_text(field: Any, corpus: Corpus) -> st.SearchStrategy[str]:
    """Texts that a field allows: mostly some that the suite knows, if it knows any."""
    rules = rules_of(field).string
    if rules.HasField("const"):
        return st.just(rules.const)
    if rules.uuid:
        return st.uuids(version=4).map(str)
    if getattr(rules, "in"):
        return st.sampled_from(list(getattr(rules, "in")))
    known, made = _known(field, corpus), text_of_length(rules.min_len, rules.max_len or UNLIMITED_TEXT)
    if rules.pattern:
        known, made = corpus.matching(rules.pattern), st.from_regex(rules.pattern)
    return st.one_of(made, *([st.sampled_from(known)] * KNOWN_TO_MADE)) if known else made


def _known(field: Any, corpus: Corpus) -> list[str]:
    """Values seen in such a field, or names of the resource that it speaks of."""
    reference = field.GetOptions().Extensions[resource_pb2.resource_reference]
    own = field.containing_type.GetOptions().Extensions[resource_pb2.resource]
    if wanted := (reference.type or reference.child_type or (own.type if field.name == "name" else "")):
        return corpus.matching(f"^{_collection(wanted)}/")
    return corpus.of_field(field.name)


def _collection(resource: str) -> str:
    """`permitApplications` of `motcua.vn/PermitApplication`."""
    kind = resource.rpartition("/")[2]
    return f"{kind[:1].lower()}{kind[1:]}s"


def lawful_integer(field: Any) -> st.SearchStrategy[int]:
    """Whole numbers that a field allows, mostly at the edges."""
    least, most = BITS[field.cpp_type]
    kind = rules_of(field).WhichOneof("type")
    rules = getattr(rules_of(field), kind) if kind else None
    if rules is not None:
        least = rules.gte if rules.HasField("gte") else rules.gt + 1 if rules.HasField("gt") else least
        most = rules.lte if rules.HasField("lte") else rules.lt - 1 if rules.HasField("lt") else most
    near = st.integers(max(least, 0), max(min(most, 60), least, 0))
    return st.one_of(near, st.sampled_from((least, most)), st.integers(least, most))


def any_integer(field: Any) -> st.SearchStrategy[int]:
    """Whole numbers that fit into the field, extremes first."""
    least, most = BITS[field.cpp_type]
    return st.one_of(st.sampled_from((least, most, 0, max(least, -1), 1)), st.integers(least, most))


def lawful_float() -> st.SearchStrategy[float]:
    """Finite numbers."""
    return st.one_of(st.sampled_from(FLOATS), st.floats(0, 200), st.floats(allow_nan=False, allow_infinity=False))


def any_float() -> st.SearchStrategy[float]:
    """All numbers, and what is none."""
    return st.one_of(st.sampled_from((float("nan"), float("inf"), -float("inf"), *FLOATS)), st.floats())


def lawful_enum(field: Any) -> st.SearchStrategy[int]:
    """Numbers that the field allows."""
    rules = rules_of(field).enum
    allowed = list(getattr(rules, "in")) or [value.number for value in field.enum_type.values]
    return st.sampled_from([number for number in allowed if number not in rules.not_in] or allowed)


def any_enum(field: Any) -> st.SearchStrategy[int]:
    """Numbers that the contract does not know, and all that it knows."""
    known = [value.number for value in field.enum_type.values]
    return st.sampled_from((*known, 4711, -1, 2**31 - 1, -(2**31)))


def counts(field: Any) -> tuple[int, int]:
    """Least and greatest number of elements of a repeated field."""
    rules = field.GetOptions().Extensions[validate_pb2.field].repeated
    return rules.min_items, rules.max_items or 20


def lawful_scalar(field: Any, corpus: Corpus) -> st.SearchStrategy[Any]:
    """Values of a field that is no message, by its rules."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return lawful_text(field, corpus)
    makers = {**dict.fromkeys(BITS, lawful_integer), FieldDescriptor.CPPTYPE_ENUM: lawful_enum}
    return makers[field.cpp_type](field) if field.cpp_type in makers else FREE[field.cpp_type]


def any_scalar(field: Any) -> st.SearchStrategy[Any]:
    """Values of a field that is no message, against its rules."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return any_text()
    makers = {**dict.fromkeys(BITS, any_integer), FieldDescriptor.CPPTYPE_ENUM: any_enum}
    return makers[field.cpp_type](field) if field.cpp_type in makers else UNBOUND[field.cpp_type]


_BYTES_AND_TRUTH = {
    FieldDescriptor.CPPTYPE_STRING: st.binary(max_size=64),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}
FREE = {**_BYTES_AND_TRUTH, **dict.fromkeys(FLOATING, lawful_float())}
UNBOUND = {**_BYTES_AND_TRUTH, **dict.fromkeys(FLOATING, any_float())}
