"""Requests from the descriptors of the contract: by its rules, and against them."""

from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import strategies as st

from motcua_devstack.fuzz import rules
from motcua_devstack.fuzz.corpus import Corpus
from motcua_devstack.fuzz.texts import HOSTILE, any_text

DEEPEST = 6
DEEPEST_FORM = 28
"""Levels of a form, three messages each: a parser goes down a hundred; `wire.DEEP` goes further."""

MANY = (0, 1, 51, 2_001, 20_000)
"""Numbers of elements that lie beyond what lists allow; the greatest are copies of one element."""

OFTEN_LEFT_OUT = {"etag": 2, "page_token": 1}
"""Fields that seldom let a request through when they are there; of four requests so many and one do without."""

ROOM = 2_000_000
"""Bytes that copies may take: half of what a server reads."""

KEYS = ("$where", "a.b", "a\x00b", "", "__proto__", "_id", "ạ" * 300, "works", "applicant", "land", "request")
SECONDS = (
    0,
    -1,
    1,
    1_763_863_200,
    4_102_444_800,
    253_402_300_799,
    253_402_300_800,
    -62_135_596_801,
    2**63 - 1,
    -(2**63),
)


@st.composite
def requests(draw: st.DrawFn, descriptor: Descriptor, corpus: Corpus) -> Message:
    """A request of a type: mostly one that passes the rules, or that somebody made with a field changed."""
    lawful = draw(st.integers(0, 3)) > 0
    asked = corpus.asked(descriptor.full_name)
    if not asked or draw(st.booleans()):
        return draw(_message(descriptor, corpus, lawful=lawful, depth=0))
    message = message_factory.GetMessageClass(descriptor)()
    message.CopyFrom(draw(st.sampled_from(asked)))
    for _ in range(draw(st.integers(0, 2))):
        _change(draw, message, corpus, lawful=lawful)
    return message


def _change(draw: st.DrawFn, message: Message, corpus: Corpus, *, lawful: bool) -> None:
    """Set one field anew, of the request or of a message in it."""
    field: Any = draw(st.sampled_from(list(message.DESCRIPTOR.fields)))
    inside = field.message_type is not None and not field.is_repeated and field.message_type.full_name not in SPECIAL
    if inside and message.HasField(field.name) and draw(st.booleans()):
        _change(draw, getattr(message, field.name), corpus, lawful=lawful)
    else:
        message.ClearField(field.name)
        _fill(draw, message, field, corpus, lawful=lawful, depth=0)


@st.composite
def _message(draw: st.DrawFn, descriptor: Descriptor, corpus: Corpus, *, lawful: bool, depth: int) -> Message:
    special = SPECIAL.get(descriptor.full_name)
    if special:
        one: Message = draw(special(corpus, lawful=lawful))
        return one
    message = message_factory.GetMessageClass(descriptor)()
    chosen = {draw(st.sampled_from(list(oneof.fields))).name for oneof in descriptor.oneofs if len(oneof.fields) > 1}
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof and len(oneof.fields) > 1 and field.name not in chosen:
            continue
        needed = lawful and (rules.required(field) or _identifies(field))
        if needed or field.name in chosen or draw(st.integers(0, 3)) > OFTEN_LEFT_OUT.get(field.name, 0):
            _fill(draw, message, field, corpus, lawful=lawful, depth=depth)
    return message


def _identifies(field: Any) -> bool:
    return bool(field.name in ("name", "parent", "dossier", "account"))


def _fill(draw: st.DrawFn, message: Message, field: Any, corpus: Corpus, *, lawful: bool, depth: int) -> None:
    # Against the rules means: each field with one chance in two, so that refusals come from all of them.
    keep = lawful or draw(st.booleans())
    if _is_map(field):
        for key in draw(st.lists(st.sampled_from(KEYS), max_size=3)):
            value = field.message_type.fields_by_name["value"]
            if value.message_type is None:
                getattr(message, field.name)[key] = draw(_single(value, corpus, lawful=keep, depth=depth + 1))
    elif field.is_repeated:
        getattr(message, field.name).extend(draw(_several(field, corpus, lawful=keep, depth=depth)))
    elif field.message_type is not None:
        if depth < DEEPEST:
            getattr(message, field.name).CopyFrom(draw(_single(field, corpus, lawful=keep, depth=depth + 1)))
    else:
        setattr(message, field.name, draw(_single(field, corpus, lawful=keep, depth=depth)))


@st.composite
def _several(draw: st.DrawFn, field: Any, corpus: Corpus, *, lawful: bool, depth: int) -> list[Any]:
    least, most = rules.counts(field)
    one = _single(field, corpus, lawful=lawful, depth=depth + 1)
    if lawful or draw(st.booleans()):
        return draw(st.lists(one, min_size=least, max_size=max(least, min(most, 4))))
    copied = draw(one)
    size = copied.ByteSize() if isinstance(copied, Message) else len(str(copied).encode())
    return [copied] * min(draw(st.sampled_from(MANY)), ROOM // (size + 1))


def _single(field: Any, corpus: Corpus, *, lawful: bool, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return _message(field.message_type, corpus, lawful=lawful, depth=depth)
    return rules.lawful_scalar(field, corpus) if lawful else rules.any_scalar(field)


def _is_map(field: Any) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def _date(_corpus: Corpus, *, lawful: bool) -> st.SearchStrategy[Date]:
    """Days of the calendar; else also 30 February, the year 0 and the year 10 000."""
    if lawful:
        return st.dates().map(lambda day: Date(year=day.year, month=day.month, day=day.day))
    numbers = st.sampled_from((0, -1, 2, 12, 13, 30, 31, 32, 9_999, 10_000, 2**31 - 1))
    return st.builds(lambda year, month, day: Date(year=year, month=month, day=day), numbers, numbers, numbers)


def _timestamp(_corpus: Corpus, *, lawful: bool) -> st.SearchStrategy[Timestamp]:
    seconds = st.sampled_from(SECONDS[:6] if lawful else SECONDS)
    nanos = st.sampled_from((0, 999_999_999) if lawful else (0, -1, 2**31 - 1))
    return st.builds(lambda s, n: Timestamp(seconds=s, nanos=n), seconds, nanos)


def _duration(_corpus: Corpus, *, lawful: bool) -> st.SearchStrategy[Duration]:
    return st.builds(lambda s: Duration(seconds=s), st.sampled_from(SECONDS[:6] if lawful else SECONDS))


def _mask(corpus: Corpus, *, lawful: bool) -> st.SearchStrategy[FieldMask]:
    """Paths of fields that there are, and of such that there are not."""
    del corpus
    known = st.sampled_from(("form", "delivery_method", "phone", "email", "locale", "*"))
    wrong = st.sampled_from(("__class__", "form.works", "DESCRIPTOR", "name", "etag", "", ".", "a..b", *HOSTILE))
    return st.builds(
        lambda paths: FieldMask(paths=paths), st.lists(known if lawful else st.one_of(known, wrong), max_size=4)
    )


def _struct(corpus: Corpus, *, lawful: bool) -> st.SearchStrategy[Struct]:
    """Forms: one that the suite knows, with a value or two replaced; else anything, deep and odd."""
    known = corpus.forms()
    odd = st.dictionaries(st.sampled_from(KEYS), _values(), max_size=4).map(_as_struct)
    deep = st.integers(1, DEEPEST_FORM).map(_nested)
    if not known:
        return st.one_of(odd, deep)
    bent = st.builds(_bent, st.sampled_from(known), st.integers(0, 40), _values())
    return st.one_of(bent, bent, odd) if lawful else st.one_of(bent, odd, odd, deep)


def _values() -> st.SearchStrategy[Value]:
    numbers = st.one_of(rules.any_float(), st.integers(-5, 500).map(float))
    leaf = st.one_of(
        st.builds(lambda n: Value(number_value=n), numbers),
        st.builds(lambda t: Value(string_value=t), any_text()),
        st.builds(lambda b: Value(bool_value=b), st.booleans()),
        st.sampled_from((Value(null_value=NullValue.NULL_VALUE), Value())),
    )
    return st.one_of(
        leaf,
        leaf,
        st.lists(leaf, max_size=3).map(lambda all_of_them: Value(list_value=ListValue(values=all_of_them))),
        st.dictionaries(st.sampled_from(KEYS), leaf, max_size=3).map(lambda d: Value(struct_value=_as_struct(d))),
    )


def _as_struct(values: dict[str, Value]) -> Struct:
    return Struct(fields=values)


def _nested(levels: int) -> Struct:
    inner = Struct()
    for _ in range(levels):
        inner = Struct(fields={"a": Value(struct_value=inner)})
    return inner


def _bent(form: Struct, position: int, value: Value) -> Struct:
    """A copy of a form with one of its leaves replaced."""
    copy = Struct()
    copy.CopyFrom(form)
    places = [(section.struct_value, key) for section in copy.fields.values() for key in section.struct_value.fields]
    if places:
        section, key = places[position % len(places)]
        section.fields[key].CopyFrom(value)
    return copy


SPECIAL = {
    "google.type.Date": _date,
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
    "google.protobuf.FieldMask": _mask,
    "google.protobuf.Struct": _struct,
}
