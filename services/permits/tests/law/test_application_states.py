"""States of an application: who may do what, and what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from motcua_kit.domain import AlreadyExists, DomainError, Forbidden, IllegalTransition, PreconditionFailed
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.bylaws import FindingOutcome
from motcua_permits.domain.review import (
    ConditionOutcome,
    ConditionReview,
    ConsultationOutcome,
    DecisionOutcome,
    RefusalReason,
    SupplementItem,
)
from motcua_permits.domain.states import AWAITED, ApplicationState, AwaitedRole
from motcua_permits.domain.values import LegalReference

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RECEIVER, HANDLER, LEADER = (f"officers/{digit * 32}" for digit in "123")
Make = Callable[..., PermitApplication]
ITEM = SupplementItem("drawings", "Thiếu mặt cắt móng", LegalReference("NĐ 217/2026/NĐ-CP", "Điều 60"))


def review_all(application: PermitApplication, outcome: ConditionOutcome = ConditionOutcome.MET) -> None:
    reviews = [ConditionReview(condition.code, outcome, "đã xem") for condition in application.checklist]
    application.review(reviews, officer=HANDLER, now=NOW)


def propose(
    application: PermitApplication,
    outcome: DecisionOutcome = DecisionOutcome.GRANT,
    note: str = "",
    reasons: tuple[RefusalReason, ...] = (),
) -> None:
    application.propose(outcome, note=note, reasons=reasons, officer=HANDLER, now=NOW)


def refusal(application: PermitApplication, **arguments: object) -> str:
    with pytest.raises(DomainError) as refused:
        propose(application, **arguments)  # type: ignore[arg-type]
    return refused.value.reason


def test_the_first_checks_put_it_before_a_handler(make_application: Make, samples: Any) -> None:
    application = make_application(checked=False)
    application.open()
    waited_for = [application.awaited_role]
    application.take_checks([samples.finding()], samples.site, "III", now=NOW)
    waited_for.append(application.awaited_role)
    assert waited_for == [AwaitedRole.SYSTEM, AwaitedRole.HANDLER]
    assert application.state is ApplicationState.UNDER_REVIEW
    assert [event.type for event in application.take_events()] == ["application.opened"]


def test_a_grant_needs_checks_review_and_no_open_question(make_application: Make) -> None:
    application = make_application()
    assert refusal(application) == "CHECKLIST_INCOMPLETE"
    review_all(application, ConditionOutcome.NOT_MET)
    assert refusal(application) == "CONDITION_NOT_MET"
    review_all(application)
    application.request_consultation(
        "c1", agency_unit="units/so-xd", subject="height", question="Có vướng hành lang?", officer=HANDLER
    )
    application.take_consultation("c1", consultation="consultations/1", deadline=NOW + timedelta(days=2))
    assert refusal(application) == "CONSULTATION_PENDING"
    application.close_consultation("consultations/1", ConsultationOutcome.LAPSED, opinion="", now=NOW)
    propose(application)
    assert application.state is ApplicationState.PROPOSED
    assert application.awaited_role is AwaitedRole.LEADER
    assert application.handler == HANDLER


def test_a_blocking_finding_forbids_a_grant_and_names_rule_and_law(make_application: Make, samples: Any) -> None:
    application = make_application(findings=(samples.finding(FindingOutcome.BLOCK),))
    review_all(application)
    with pytest.raises(PreconditionFailed) as refused:
        propose(application, note="vẫn đề nghị cấp")
    assert refused.value.reason == "RULE_BLOCKS"
    assert refused.value.metadata["rules"] == "Mật độ xây dựng (QCVN 01:2021/BXD, Bảng 2.8)"


def test_a_warning_and_an_objection_must_be_explained(make_application: Make, samples: Any) -> None:
    application = make_application(findings=(samples.finding(FindingOutcome.WARN),))
    review_all(application)
    assert refusal(application, note="  ") == "WARNING_NOT_EXPLAINED"
    propose(application, note="Theo thiết kế đô thị được duyệt")
    objected = make_application()
    review_all(objected)
    objected.request_consultation(
        "c1", agency_unit="units/so-xd", subject="height", question="Ý kiến?", officer=HANDLER
    )
    objected.take_consultation("c1", consultation="consultations/1", deadline=NOW)
    objected.close_consultation("consultations/1", ConsultationOutcome.OBJECTED, opinion="Không đồng ý", now=NOW)
    assert refusal(objected) == "WARNING_NOT_EXPLAINED"


def test_a_refusal_takes_law_and_text_from_the_finding_or_condition(make_application: Make, samples: Any) -> None:
    application = make_application(findings=(samples.finding(FindingOutcome.BLOCK),))
    assert refusal(application, outcome=DecisionOutcome.REFUSE) == "REFUSAL_UNREASONED"
    unknown = (RefusalReason("no-such-rule", None, "không thích"),)
    assert refusal(application, outcome=DecisionOutcome.REFUSE, reasons=unknown) == "REFUSAL_UNREASONED"
    review_all(application, ConditionOutcome.NOT_MET)
    propose(
        application,
        DecisionOutcome.REFUSE,
        reasons=(RefusalReason("qcvn01-2021.house-density"), RefusalReason("planning", text="Trái quy hoạch")),
    )
    assert application.decision is not None
    density, planning = application.decision.reasons
    assert str(density.law) == "QCVN 01:2021/BXD, Bảng 2.8"
    assert density.text == "Mật độ xây dựng: 95 % vượt mức tối đa 80 %"
    assert str(planning.law) == "NĐ 217/2026/NĐ-CP, Điều 50–52"
    assert planning.text == "Trái quy hoạch"
    application.refuse(officer=LEADER, now=NOW)
    assert application.state is ApplicationState.REFUSED


@pytest.mark.parametrize("officer", [RECEIVER, HANDLER])
@pytest.mark.parametrize("step", ["approve", "refuse"])
def test_who_received_or_handled_it_does_not_decide(make_application: Make, officer: str, step: str) -> None:
    application = make_application()
    review_all(application)
    propose(application)
    with pytest.raises(Forbidden) as refused:
        getattr(application, step)(officer=officer, now=NOW)
    assert refused.value.reason == "SEPARATION_OF_DUTIES"
    assert application.state is ApplicationState.PROPOSED


def test_a_leader_decides_as_proposed_or_returns_it(make_application: Make) -> None:
    application = make_application()
    review_all(application)
    propose(application)
    with pytest.raises(PreconditionFailed) as refused:
        application.refuse(officer=LEADER, now=NOW)
    assert refused.value.reason == "DECISION_NOT_PROPOSED"
    application.return_proposal("Xem lại khoảng lùi", officer=LEADER)
    assert application.state is ApplicationState.UNDER_REVIEW
    propose(application)
    application.approve(officer=LEADER, now=NOW)
    assert application.decision is not None
    assert application.decision.return_reason == "Xem lại khoảng lùi"
    assert application.decision.approver == LEADER
    assert [event.type for event in application.take_events()][-1] == "application.approved"


def test_one_supplement_only_and_its_answer_reopens_what_was_not_met(make_application: Make) -> None:
    application = make_application()
    review_all(application, ConditionOutcome.NOT_MET)
    application.request_supplement([ITEM], officer=HANDLER, now=NOW)
    assert application.awaited_role is AwaitedRole.APPLICANT
    smaller = replace(application.proposal, built_area_m2=60.0)
    later = NOW + timedelta(days=12)
    application.take_supplement(smaller, parcel="parcels/other", due_time=later, now=NOW)
    assert application.proposal == smaller
    assert application.due_time == later
    assert {condition.outcome for condition in application.checklist} == {ConditionOutcome.UNSPECIFIED}
    with pytest.raises(PreconditionFailed) as refused:
        application.request_supplement([ITEM], officer=HANDLER, now=NOW)
    assert refused.value.reason == "SUPPLEMENT_USED"


def test_the_same_agency_is_asked_the_same_thing_once_at_a_time(make_application: Make) -> None:
    application = make_application()
    ask = {"agency_unit": "units/so-xd", "subject": "height", "question": "Ý kiến?", "officer": HANDLER}
    application.request_consultation("c1", **ask)
    with pytest.raises(AlreadyExists):
        application.request_consultation("c2", **ask)
    application.request_consultation("c3", **{**ask, "subject": "fire_safety"})
    assert [asked.consultation_id for asked in application.consultations] == ["c1", "c3"]


def test_a_review_of_an_unknown_condition_changes_nothing(make_application: Make) -> None:
    application = make_application()
    reviews = [ConditionReview("planning", ConditionOutcome.MET), ConditionReview("colour", ConditionOutcome.MET)]
    with pytest.raises(DomainError) as refused:
        application.review(reviews, officer=HANDLER, now=NOW)
    assert refused.value.reason == "CONDITION_UNKNOWN"
    assert {condition.outcome for condition in application.checklist} == {ConditionOutcome.UNSPECIFIED}


STEPS: dict[str, Callable[[PermitApplication], object]] = {
    "checks": lambda it: it.take_checks([], it.site, "III", now=NOW),  # type: ignore[arg-type]
    "review": lambda it: it.review([], officer=HANDLER, now=NOW),
    "consult": lambda it: it.request_consultation("c", agency_unit="u", subject="s", question="q", officer=HANDLER),
    "supplement": lambda it: it.request_supplement([ITEM], officer=HANDLER, now=NOW),
    "propose": lambda it: propose(it, DecisionOutcome.REFUSE, reasons=(RefusalReason("planning"),)),
    "return": lambda it: it.return_proposal("lý do", officer=LEADER),
    "refuse": lambda it: it.refuse(officer=LEADER, now=NOW),
    "number": lambda it: it.take_permit("permits/1"),
    "issue": lambda it: it.finish(),
}
ALLOWED = {
    ApplicationState.OPENED: {"checks"},
    ApplicationState.UNDER_REVIEW: {"checks", "review", "consult", "supplement", "propose"},
    ApplicationState.PROPOSED: {"return", "refuse"},
    ApplicationState.APPROVED: {"number", "issue"},
    ApplicationState.ISSUED: {"issue"},
}


@pytest.mark.parametrize("state", list(ApplicationState))
@pytest.mark.parametrize("step", list(STEPS))
def test_each_state_allows_its_steps_and_no_others(make_application: Make, state: ApplicationState, step: str) -> None:
    application = make_application()
    if state is ApplicationState.PROPOSED:
        propose(application, DecisionOutcome.REFUSE, reasons=(RefusalReason("planning"),))
    application.state = state
    if step in ALLOWED.get(state, set()):
        STEPS[step](application)
        return
    with pytest.raises(IllegalTransition) as refused:
        STEPS[step](application)
    assert refused.value.reason == "TRANSITION_NOT_ALLOWED"
    assert refused.value.metadata["state"] == state.value
    assert application.state is state


@pytest.mark.parametrize("state", list(ApplicationState))
def test_what_is_decided_and_numbered_stays_when_the_dossier_ends(
    make_application: Make, state: ApplicationState
) -> None:
    application = make_application()
    application.state = state
    application.permit = "permits/1" if state is ApplicationState.ISSUED else ""
    application.close()
    decided = state in {ApplicationState.ISSUED, ApplicationState.REFUSED}
    assert application.state is (state if decided else ApplicationState.CLOSED)


def test_a_numbered_permit_is_not_closed_before_it_is_signed(make_application: Make) -> None:
    application = make_application()
    application.state = ApplicationState.APPROVED
    application.take_permit("permits/1")
    application.close()
    assert application.state is ApplicationState.APPROVED


def test_every_state_says_whose_move_it_waits_for() -> None:
    assert set(AWAITED) == set(ApplicationState)
