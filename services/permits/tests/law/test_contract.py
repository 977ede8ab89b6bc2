"""What the contract, the tables and the texts must cover, all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from motcua.permits.v1 import application_pb2, bylaw_pb2, errors_pb2, permit_pb2
from motcua.permits.v1 import application_pb2 as pb
from motcua_kit.access import RowRule
from motcua_kit.mapping import unmapped
from motcua_permits.bootstrap import SERVICE
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.bylaws import Finding, FindingInput, FindingOutcome
from motcua_permits.domain.facts import HouseProposal, SiteFacts
from motcua_permits.domain.permit import Permit, PermitState, PermittedWork
from motcua_permits.domain.review import (
    Condition,
    ConditionOutcome,
    ConditionReview,
    Consultation,
    ConsultationOutcome,
    Decision,
    DecisionOutcome,
    RefusalReason,
    Supplement,
    SupplementItem,
)
from motcua_permits.domain.states import ApplicationState, AwaitedRole
from motcua_permits.domain.values import PermitKind
from motcua_permits.entrypoints.messages import application_message

MESSAGES = [
    (PermitApplication, pb.PermitApplication, {"uid"}),
    (HouseProposal, pb.HouseProposal, set()),
    (SiteFacts, pb.SiteFacts, set()),
    (Finding, bylaw_pb2.Finding, set()),
    (FindingInput, bylaw_pb2.FindingInput, set()),
    (Condition, pb.Condition, set()),
    (ConditionReview, pb.ConditionReview, set()),
    (Consultation, pb.Consultation, set()),
    (Supplement, pb.Supplement, set()),
    (SupplementItem, pb.SupplementItem, set()),
    (Decision, pb.Decision, set()),
    (RefusalReason, pb.RefusalReason, set()),
    (Permit, permit_pb2.Permit, {"uid"}),
    (Permit, permit_pb2.PermitVerification, set()),
    (PermittedWork, permit_pb2.PermittedWork, set()),
]


@pytest.mark.parametrize(("cls", "message", "filled"), MESSAGES, ids=lambda it: getattr(it, "__name__", ""))
def test_every_field_of_a_message_is_filled(cls: type, message: Any, filled: set[str]) -> None:
    assert unmapped(cls, message, *filled) == set()


@pytest.mark.parametrize(
    ("enum", "values"),
    [
        (ApplicationState, pb.PermitApplication.State),
        (AwaitedRole, pb.PermitApplication.AwaitedRole),
        (FindingOutcome, bylaw_pb2.Finding.Outcome),
        (ConditionOutcome, pb.Condition.Outcome),
        (ConsultationOutcome, pb.Consultation.Outcome),
        (DecisionOutcome, pb.Decision.Outcome),
        (PermitState, permit_pb2.Permit.State),
        (PermitKind, bylaw_pb2.PermitKind),
    ],
    ids=lambda it: getattr(it, "__name__", ""),
)
def test_every_value_of_an_enum_has_its_like(enum: Any, values: Any) -> None:
    prefix = values.DESCRIPTOR.values[0].name.removesuffix("UNSPECIFIED")
    assert {name.removeprefix(prefix) for name in values.keys()} - {"UNSPECIFIED"} == {  # noqa: SIM118 - not a dict
        member.name for member in enum
    } - {"UNSPECIFIED"}


def test_a_message_says_the_law_of_each_finding(make_application: Callable[..., PermitApplication]) -> None:
    message = application_message(make_application())
    (finding,) = message.findings
    assert (finding.law.source, finding.law.article, finding.law.confidence) == ("QCVN 01:2021/BXD", "Bảng 2.8", "sure")
    assert (finding.valid_from.year, finding.HasField("valid_to")) == (2021, False)
    assert message.rules_date.day == 23
    assert message.name == f"permitApplications/{message.uid}"


def test_every_reason_has_a_vietnamese_text_and_no_text_is_left_over() -> None:
    reasons = {
        name.removeprefix("ERROR_REASON_")
        for name in errors_pb2.ErrorReason.keys()  # noqa: SIM118 - not a dict
    } - {"UNSPECIFIED"}
    assert SERVICE.catalogue().missing(reasons) == set()
    own = yaml.safe_load((SERVICE.package / "messages.vi.yaml").read_text(encoding="utf-8"))
    assert set(own) == reasons


RPCS = {
    f"{service.full_name}/{method.name}"
    for file in (application_pb2, permit_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
DECIDING = {"ReturnProposal", "ApproveApplication", "RefuseApplication"}


def test_the_permission_table_is_total() -> None:
    assert set(SERVICE.permissions().rows) == RPCS


def test_only_leaders_decide_and_only_in_their_unit() -> None:
    rows = SERVICE.permissions().rows
    for rpc in RPCS:
        roles = rows[rpc]
        if rpc.rpartition("/")[2] in DECIDING:
            assert roles == {"leader": RowRule.UNIT}
        assert "system_admin" not in roles
        assert all(rule is not RowRule.ANY for role, rule in roles.items() if role in {"citizen", "handler", "leader"})
