"""Who may read and who may decide."""

from __future__ import annotations

from typing import Any

import pytest

from motcua.permits.v1 import application_pb2 as pb
from motcua.permits.v1.application_pb2_grpc import PermitApplicationServiceStub
from motcua_client import Forbidden, NotAuthenticated
from motcua_kit.access import Caller, Post


def test_a_citizen_reads_an_application_of_their_own_and_decides_nothing(desk: Any, names: Any) -> None:
    name = desk.open()
    stub = stub_as(desk, Caller(name=names.account, kind="citizen", assurance=2))
    assert stub.GetPermitApplication(pb.GetPermitApplicationRequest(name=name)).name == name
    listed = stub.ListPermitApplications(pb.ListPermitApplicationsRequest())
    assert [one.name for one in listed.permit_applications] == [name]
    with pytest.raises(Forbidden):
        stub.ApproveApplication(pb.ApproveApplicationRequest(name=name))


def test_a_receiver_reads_and_decides_nothing(desk: Any, names: Any) -> None:
    name = desk.open()
    stub = stub_as(desk, Caller(name=names.receiver, kind="officer", posts=(Post(names.ward, "reception_officer"),)))
    assert stub.GetPermitApplication(pb.GetPermitApplicationRequest(name=name)).name == name
    with pytest.raises(Forbidden):
        stub.ProposeDecision(pb.ProposeDecisionRequest(name=name, outcome=pb.Decision.OUTCOME_GRANT))


def test_nobody_reads_without_a_token(desk: Any) -> None:
    name = desk.open()
    with pytest.raises(NotAuthenticated):
        stub_as(desk, None).GetPermitApplication(pb.GetPermitApplicationRequest(name=name))


def stub_as(desk: Any, caller: Caller | None) -> Any:
    return desk.running.call(PermitApplicationServiceStub, caller)
