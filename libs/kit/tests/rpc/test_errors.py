"""The error table: every failure has its place in it, and arrives with everything AIP-193 asks for."""

from __future__ import annotations

import inspect
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from pymongo.errors import OperationFailure

import motcua_client
from motcua_kit import domain
from motcua_kit.localisation import Catalogue
from motcua_kit.rpc.errors import DEPENDENCY_ERRORS, TABLE, row_of, status_of

KINDS = [cls for cls in vars(domain).values() if inspect.isclass(cls) and issubclass(cls, domain.DomainError)]

# What a failure is on the wire: status, reason, and the details besides ErrorInfo and LocalizedMessage.
EXPECTED = {
    "validation": (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", {"BadRequest"}),
    "not_found": (grpc.StatusCode.NOT_FOUND, "NOT_FOUND", {"ResourceInfo"}),
    "exists": (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS", {"ResourceInfo"}),
    "transition": (grpc.StatusCode.FAILED_PRECONDITION, "THING_FULL", {"PreconditionFailure"}),
    "precondition": (grpc.StatusCode.FAILED_PRECONDITION, "THING_FULL", {"PreconditionFailure"}),
    "stale": (grpc.StatusCode.ABORTED, "ETAG_MISMATCH", set()),
    "conflict": (grpc.StatusCode.ABORTED, "CONFLICT", set()),
    "unauthenticated": (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING", set()),
    "forbidden": (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", set()),
    "limited": (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", {"QuotaFailure", "RetryInfo"}),
    "down": (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_DOWN", {"RetryInfo"}),
    "database": (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_DOWN", {"RetryInfo"}),
    "bug": (grpc.StatusCode.INTERNAL, "INTERNAL", set()),
}


def status_on_the_wire(things: Any, how: str, **metadata: str) -> tuple[grpc.StatusCode, status_pb2.Status]:
    with grpc.insecure_channel(things.running.address) as channel:
        fail = channel.unary_unary(
            "/motcua.kittest.v1.ThingService/Fail",
            request_serializer=things.messages["FailRequest"].SerializeToString,
            response_deserializer=things.messages["Thing"].FromString,
        )
        with pytest.raises(grpc.RpcError) as caught:
            fail(things.request("Fail", how=how), timeout=10, metadata=tuple(metadata.items()))
    status = rpc_status.from_call(caught.value)
    assert status is not None
    return caught.value.code(), status


def details(status: status_pb2.Status) -> dict[str, Any]:
    found = {}
    for packed in status.details:
        name = packed.TypeName().rpartition(".")[2]
        assert name not in found, "each detail type at most once"
        found[name] = getattr(error_details_pb2, name)()
        packed.Unpack(found[name])
    return found


def test_every_kind_of_failure_has_a_row() -> None:
    assert {cls for cls in KINDS if cls is not domain.DomainError} == set(TABLE)


def test_a_failure_of_a_service_has_the_row_of_its_kind() -> None:
    class Overdrawn(domain.PreconditionFailed):
        pass

    assert row_of(Overdrawn("R", "m")) == TABLE[domain.PreconditionFailed]


def test_http_and_grpc_agree() -> None:
    assert {(row.code, row.http) for row in TABLE.values()} == {
        (3, 400), (5, 404), (6, 409), (9, 400), (10, 409), (16, 401), (7, 403), (8, 429), (14, 503),
    }  # fmt: skip


@pytest.mark.parametrize("how", EXPECTED)
def test_a_failure_on_the_wire(things: Any, how: str) -> None:
    code, reason, more = EXPECTED[how]
    got, status = status_on_the_wire(things, how)
    found = details(status)
    assert (got, status.code) == (code, code.value[0])
    assert set(found) == {"ErrorInfo", "LocalizedMessage", *more}
    assert (found["ErrorInfo"].reason, found["ErrorInfo"].domain) == (reason, "thing.motcua")
    assert found["LocalizedMessage"].locale == "vi"
    assert "…" not in found["LocalizedMessage"].message


def test_each_failure_is_listed_here(failures: dict[str, Exception]) -> None:
    assert EXPECTED.keys() == failures.keys() - {"slow", "held"}


def test_texts_speak_the_callers_language_and_name_what_they_speak_of(things: Any) -> None:
    _, vietnamese = status_on_the_wire(things, "transition")
    assert details(vietnamese)["LocalizedMessage"].message == "Mục things/9 đã đầy (3)."
    _, english = status_on_the_wire(things, "transition", **{"accept-language": "en-GB,vi;q=0.5"})
    assert details(english)["LocalizedMessage"].message == "full"
    assert details(english)["LocalizedMessage"].locale == "en"
    _, other = status_on_the_wire(things, "transition", **{"accept-language": "fr"})
    assert details(other)["LocalizedMessage"].locale == "vi"


def test_a_bug_shows_an_incident_and_nothing_else(things: Any) -> None:
    _, status = status_on_the_wire(things, "bug")
    incident = details(status)["ErrorInfo"].metadata["incident"]
    assert len(incident.strip("0")) > 8
    assert "079123456789" not in str(status)
    assert "KeyError" not in str(status)


def test_a_dependency_that_is_down_is_not_named(things: Any) -> None:
    assert "mongo.internal" not in str(status_on_the_wire(things, "database"))


def test_the_client_reads_it_all(things: Any) -> None:
    with pytest.raises(motcua_client.ValidationFailed) as caught:
        things.as_().Fail(things.request("Fail", how="validation"))
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == ("form.area", "AREA_TOO_SMALL")


def test_a_reason_without_a_text_is_still_answered() -> None:
    status = status_of(domain.Forbidden("NEVER_HEARD_OF", "m"), "thing", Catalogue.load())
    assert "NEVER_HEARD_OF" in details(status)["LocalizedMessage"].message


def test_texts_that_are_missing_are_named() -> None:
    assert Catalogue.load().missing(["NOT_FOUND", "NEVER_HEARD_OF"]) == {"NEVER_HEARD_OF"}


@pytest.mark.parametrize(
    ("code", "status"), [(1, code_pb2.UNAVAILABLE), (14031, code_pb2.UNAVAILABLE), (9, code_pb2.INTERNAL)]
)
def test_a_database_that_failed_itself_is_down_and_one_that_refuses_has_found_a_bug(code: int, status: int) -> None:
    failure = OperationFailure("told", code)
    assert status_of(failure, "thing", Catalogue.load()).code == status


def test_dependency_errors_are_none_of_the_domains() -> None:
    assert not any(issubclass(error, domain.DomainError) for error in DEPENDENCY_ERRORS)


def test_who_finds_the_server_behind_full_is_told_to_come_back() -> None:
    full = motcua_client.RateLimited(grpc.StatusCode.RESOURCE_EXHAUSTED, "identity is full")
    status = status_of(full, "thing", Catalogue.load())
    assert status.code == code_pb2.UNAVAILABLE
    assert set(details(status)) == {"ErrorInfo", "LocalizedMessage", "RetryInfo"}
