"""Requests that are none, that JSON cannot hold, and refusals that would be too long for a header."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.rpc.context import attribute_context_pb2

import motcua_client
from motcua_client import StaticToken, connect
from motcua_kit import domain
from motcua_kit.localisation import Catalogue
from motcua_kit.rpc.errors import MAX_STATUS_BYTES, status_of
from motcua_kit.rpc.structs import without_json
from motcua_kit.testing import Issuer, citizen, officer

GET = "/motcua.kittest.v1.ThingService/GetThing"
NAME_OF_THE_FIRST_FIELD = b"\x0a"
NO_REQUESTS = {
    "cut off": b"\x0a\x10thi",
    "lone surrogate": b"\x0a\x03\xed\xa0\x80",
    "not UTF-8": b"\x0a\x02\xff\xfe",
    "groups without end": b"\x0b" * 200,
    "field number 0": b"\x00\x00",
}


def get(address: str, raw: bytes, token: str) -> bytes:
    with connect(address, StaticToken(token)) as client:
        answer: bytes = client.channel.unary_unary(GET)(raw)  # type: ignore[arg-type]  # bytes as they are
        return answer


@pytest.mark.parametrize("raw", NO_REQUESTS.values(), ids=NO_REQUESTS)
def test_bytes_that_are_no_request_are_refused_like_a_wrong_one(things: Any, issuer: Issuer, raw: bytes) -> None:
    with pytest.raises(motcua_client.ValidationFailed) as refusal:
        get(things.running.address, raw, issuer.token(citizen()))
    assert refusal.value.reason == "REQUEST_INVALID"
    assert refusal.value.localized_message


def test_bytes_that_are_no_request_tell_nothing_to_those_who_may_not_ask(things: Any, issuer: Issuer) -> None:
    with pytest.raises(motcua_client.Forbidden):
        get(things.running.address, b"\x00", issuer.token(officer("clerk")))


def test_unknown_fields_of_a_newer_client_are_let_through(things: Any, issuer: Issuer) -> None:
    newer = NAME_OF_THE_FIRST_FIELD + b"\x10things/" + b"0" * 9 + b"\xfa\x3f\x02ab"
    with pytest.raises(motcua_client.NotFound):
        get(things.running.address, newer, issuer.token(citizen()))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    "nest", [lambda value: value, lambda value: Value(list_value=ListValue(values=[value]))], ids=["bare", "in a list"]
)
def test_numbers_that_json_does_not_know_are_found_wherever_they_are(number: float, nest: Any) -> None:
    labels = Struct(fields={"deep": Value(struct_value=Struct(fields={"x": nest(Value(number_value=number))}))})
    auth = attribute_context_pb2.AttributeContext.Auth(claims=labels)
    message = attribute_context_pb2.AttributeContext(request=attribute_context_pb2.AttributeContext.Request(auth=auth))
    assert list(without_json(message)) == ["request.auth.claims"]


def test_finite_numbers_are_no_matter() -> None:
    labels = Struct(fields={"a": Value(number_value=1e308), "b": Value(), "c": Value(string_value="NaN")})
    assert list(without_json(attribute_context_pb2.AttributeContext.Auth(claims=labels))) == []


def test_a_refusal_of_many_fields_names_as_many_as_a_header_holds() -> None:
    violations = [domain.FieldViolation(f"items[{n}].reason", "STRING_MIN_LEN", "too short") for n in range(5_000)]
    error = domain.ValidationFailed("REQUEST_INVALID", "; ".join(one.field for one in violations), violations)
    status = status_of(error, "thing", Catalogue.load())
    assert status.ByteSize() <= MAX_STATUS_BYTES
    assert b"items[0].reason" in status.SerializeToString()


def test_a_refusal_repeats_the_beginning_of_what_was_sent_only() -> None:
    name = "ạ" * 1_000_000
    for error in (
        domain.NotFound(resource=name),
        domain.PreconditionFailed("CONFLICT", name, resource=name, limit=name),
        domain.ValidationFailed("REQUEST_INVALID", name, [domain.FieldViolation(name, "X", name)]),
    ):
        assert status_of(error, "thing", Catalogue.load()).ByteSize() <= MAX_STATUS_BYTES
