"""Calls through the real server: who may, what is valid, what is a repeat."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

import motcua_client
from motcua_kit.access import PermissionTable
from motcua_kit.service import Service
from motcua_kit.settings import Profile
from motcua_kit.testing import citizen, officer, service_caller

AN, BINH = citizen("accounts/an"), citizen("accounts/binh")
UNIT = "units/26740"
HANDLER, STRANGER = officer("handler", UNIT), officer("handler", "units/1")
AUDITOR = officer("auditor", "units/1")


@pytest.fixture
def thing(things: Any) -> Any:
    return things.as_(AN).CreateThing(things.request("CreateThing", unit=UNIT))


def test_answer_names_the_replica_that_gave_it(things: Any, thing: Any) -> None:
    _, call = things.as_(AN).GetThing.with_call(things.request("GetThing", name=thing.name))
    assert dict(call.trailing_metadata())["served-by"] == socket.gethostname()


# ---- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("caller", [AN, HANDLER, AUDITOR, service_caller("permits")], ids=str)
def test_who_may_read(things: Any, thing: Any, caller: Any) -> None:
    assert things.as_(caller).GetThing(things.request("GetThing", name=thing.name)) == thing


@pytest.mark.parametrize("caller", [BINH, STRANGER], ids=str)
def test_what_one_may_not_see_looks_like_what_is_not_there(things: Any, thing: Any, caller: Any) -> None:
    answers = []
    for name in (thing.name, "things/missing"):
        with pytest.raises(motcua_client.NotFound) as caught:
            things.as_(caller).GetThing(things.request("GetThing", name=name))
        error = caught.value
        answers.append((error.message, error.reason, error.localized_message, set(error.metadata), error.violations))
        assert error.metadata["resource"] == name
    assert answers[0] == answers[1]


@pytest.mark.parametrize("caller", [officer("clerk", UNIT), service_caller("land")], ids=str)
def test_a_role_that_is_not_in_the_table_may_not_call(things: Any, thing: Any, caller: Any) -> None:
    with pytest.raises(motcua_client.Forbidden) as caught:
        things.as_(caller).GetThing(things.request("GetThing", name=thing.name))
    assert caught.value.reason == "PERMISSION_DENIED"


def test_without_a_token_only_public_calls_are_answered(things: Any) -> None:
    with pytest.raises(motcua_client.NotAuthenticated) as caught:
        things.as_().GetThing(things.request("GetThing", name="things/1"))
    assert caught.value.reason == "TOKEN_MISSING"
    with pytest.raises(motcua_client.NotFound):
        things.as_().Fail(things.request("Fail", how="not_found"))


def test_a_list_holds_the_callers_rows_only(things: Any) -> None:
    for owner, unit in ((AN, UNIT), (BINH, UNIT), (BINH, "units/1")):
        things.as_(owner).CreateThing(things.request("CreateThing", unit=unit))

    def owners(caller: Any) -> list[tuple[str, str]]:
        found = things.as_(caller).ListThings(things.request("ListThings")).things
        return sorted((each.owner, each.unit) for each in found)

    an, binh, elsewhere = ("accounts/an", UNIT), ("accounts/binh", UNIT), ("accounts/binh", "units/1")
    assert owners(AN) == [an]
    assert owners(HANDLER) == [an, binh]
    assert owners(STRANGER) == [elsewhere]
    assert owners(AUDITOR) == sorted([an, binh, elsewhere])
    assert owners(citizen("accounts/nobody")) == []


def test_an_answer_whose_rows_were_not_checked_is_not_given(things: Any, thing: Any) -> None:
    with pytest.raises(motcua_client.Internal):
        things.as_(AN).PeekThing(things.request("GetThing", name=thing.name))
    assert things.as_(AUDITOR).PeekThing(things.request("GetThing", name=thing.name)) == thing


def test_a_server_with_an_rpc_that_has_no_row_does_not_start(
    start: Callable[..., Any], thing_service: Service[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = dict(thing_service.permissions().rows)
    del rows["motcua.kittest.v1.ThingService/Fail"]
    monkeypatch.setattr(PermissionTable, "load", lambda *_: PermissionTable(rows))
    with pytest.raises(ValueError, match=r"no row in the permission table for: motcua\.kittest\.v1\.ThingService/Fail"):
        start()


def test_health_needs_no_token(things: Any) -> None:
    with grpc.insecure_channel(things.running.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", "motcua.kittest.v1.ThingService"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


# ---- what is valid -------------------------------------------------------------------------------------------------


def test_a_request_that_breaks_rules_names_each_field(things: Any) -> None:
    with pytest.raises(motcua_client.ValidationFailed) as caught:
        things.as_(AN).CreateThing(things.request("CreateThing", unit="", count=10))
    error = caught.value
    assert error.reason == "REQUEST_INVALID"
    assert {(each.field, each.reason) for each in error.violations} == {
        ("unit", "STRING_MIN_LEN"),
        ("count", "INT32_GTE_LTE"),
    }
    assert things.as_(AN).ListThings(things.request("ListThings")).things == []


def test_rights_come_before_rules(things: Any) -> None:
    with pytest.raises(motcua_client.Forbidden):
        things.as_(HANDLER).CreateThing(things.request("CreateThing", unit="", count=10))


@pytest.mark.parametrize("name", ["things/a/b", "others/1", "things/"])
def test_a_name_of_something_else_is_refused(things: Any, name: str) -> None:
    with pytest.raises(motcua_client.ValidationFailed) as caught:
        things.as_(AN).AddToThing(things.request("AddToThing", name=name))
    assert caught.value.reason == "RESOURCE_NAME_INVALID"
    assert [each.field for each in caught.value.violations] == ["name"]


# ---- what is a repeat ----------------------------------------------------------------------------------------------


def test_a_repeated_request_gets_the_first_answer(things: Any) -> None:
    create = things.request("CreateThing", unit=UNIT, request_id=str(uuid.uuid4()))
    first = things.as_(AN).CreateThing(create)
    add = things.request("AddToThing", name=first.name, request_id=str(uuid.uuid4()))
    added = things.as_(AN).AddToThing(add)
    assert (added.count, added.etag) == (1, '"2"')
    things.as_(AN).AddToThing(things.request("AddToThing", name=first.name))
    assert things.as_(AN).AddToThing(add) == added
    assert things.as_(AN).CreateThing(create) == first
    assert things.as_(AN).GetThing(things.request("GetThing", name=first.name)).count == 2


def test_a_request_id_with_another_body_is_refused(things: Any) -> None:
    again = str(uuid.uuid4())
    things.as_(AN).CreateThing(things.request("CreateThing", unit=UNIT, request_id=again))
    with pytest.raises(motcua_client.ValidationFailed) as caught:
        things.as_(AN).CreateThing(things.request("CreateThing", unit="units/1", request_id=again))
    assert caught.value.reason == "REQUEST_ID_REUSED"


def test_a_request_id_belongs_to_its_caller(things: Any) -> None:
    create = things.request("CreateThing", unit=UNIT, request_id=str(uuid.uuid4()))
    assert things.as_(AN).CreateThing(create).owner == "accounts/an"
    assert things.as_(BINH).CreateThing(create).owner == "accounts/binh"


def test_a_stranger_cannot_fish_for_an_answer_by_its_request_id(things: Any, thing: Any) -> None:
    add = things.request("AddToThing", name=thing.name, request_id=str(uuid.uuid4()))
    things.as_(AN).AddToThing(add)
    with pytest.raises(motcua_client.NotFound):
        things.as_(BINH).AddToThing(add)


def test_an_old_etag_is_refused(things: Any, thing: Any) -> None:
    things.as_(AN).AddToThing(things.request("AddToThing", name=thing.name, etag=thing.etag))
    with pytest.raises(motcua_client.Conflict) as caught:
        things.as_(AN).AddToThing(things.request("AddToThing", name=thing.name, etag=thing.etag))
    assert caught.value.reason == "ETAG_MISMATCH"


# ---- pages ---------------------------------------------------------------------------------------------------------


def test_a_list_is_walked_by_pages_bound_to_caller_and_arguments(things: Any) -> None:
    for count in (2, 0, 1):
        things.as_(AN).CreateThing(things.request("CreateThing", unit=UNIT, count=count))
    first = things.as_(AN).ListThings(things.request("ListThings", page_size=2))
    token = first.next_page_token
    rest = things.as_(AN).ListThings(things.request("ListThings", page_size=1, page_token=token))
    assert [each.count for each in [*first.things, *rest.things]] == [0, 1, 2]
    assert rest.next_page_token == ""
    with pytest.raises(motcua_client.ValidationFailed):
        things.as_(BINH).ListThings(things.request("ListThings", page_token=token))
    with pytest.raises(motcua_client.ValidationFailed):
        things.as_(AN).ListThings(things.request("ListThings", page_token=token, filter="x"))
    with pytest.raises(motcua_client.ValidationFailed):
        things.as_(AN).ListThings(things.request("ListThings", page_size=-1))


# ---- limits --------------------------------------------------------------------------------------------------------


def test_a_caller_that_asks_too_often_is_told_when_to_come_back(start: Callable[..., Any]) -> None:
    things = start(rate_limit="3/minute")
    for _ in range(3):
        things.as_(AN).ListThings(things.request("ListThings"))
    with pytest.raises(motcua_client.RateLimited) as caught:
        things.as_(AN).ListThings(things.request("ListThings"))
    assert caught.value.retry_seconds == 6
    things.as_(BINH).ListThings(things.request("ListThings"))
    for _ in range(5):
        with pytest.raises(motcua_client.NotFound):
            things.as_(service_caller("permits")).GetThing(things.request("GetThing", name="things/1"))


@pytest.mark.usefixtures("bare_environment")
def test_a_call_without_a_deadline_is_refused_outside_the_local_profile(
    start: Callable[..., Any],
) -> None:
    things = start(profile=Profile.PRODUCTION)
    with grpc.insecure_channel(things.running.address) as channel:
        fail = channel.unary_unary(
            "/motcua.kittest.v1.ThingService/Fail",
            request_serializer=things.messages["FailRequest"].SerializeToString,
            response_deserializer=things.messages["Thing"].FromString,
        )
        with pytest.raises(grpc.RpcError) as caught:
            fail(things.request("Fail", how="not_found"))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as answered:
            fail(things.request("Fail", how="not_found"), timeout=5)
        assert answered.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_call_ends_at_its_deadline(things: Any) -> None:
    with pytest.raises(motcua_client.DeadlineExceeded):
        things.as_().Fail(things.request("Fail", how="slow"), timeout=0.2)
