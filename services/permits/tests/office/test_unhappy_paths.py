"""What goes wrong, and what then stays unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from motcua.common.v1 import common_pb2
from motcua.dossier.v1 import consultation_pb2, dossier_pb2
from motcua.permits.v1 import application_pb2 as pb
from motcua_client import Conflict, Forbidden, NotFound, PreconditionFailed, ValidationFailed
from motcua_kit.domain import ValidationFailed as Invalid
from motcua_kit.events import NotYet

LAW = common_pb2.LegalReference(source="NĐ 217/2026/NĐ-CP", article="Điều 60")
ITEM = pb.SupplementItem(component="foundation_drawings", reason="Thiếu mặt cắt móng", law=LAW)
REFUSE = pb.Decision.OUTCOME_REFUSE


def event_of(name: str, type_: str, **data: Any) -> dict[str, Any]:
    dossier = f"dossiers/{name.partition('/')[2]}"
    return {
        "id": f"{dossier}@9.{type_}",
        "type": type_,
        "subject": dossier,
        "time": "2026-11-24T02:00:00+00:00",
        "data": {"dossier": dossier, "procedure": "procedures/1.013225", **data},
    }


def test_a_refused_permit_stops_the_dossier_with_reasons_and_law(desk: Any, names: Any) -> None:
    name = desk.open(form={"works": {**names.works, "lot_area_m2": 80, "built_area_m2": 82}})
    desk.around.land.planning.zone.existing_urban = False
    desk.handler.RunChecks(pb.RunChecksRequest(name=name))
    desk.review(name)
    with pytest.raises(PreconditionFailed) as blocked:
        desk.propose(name, note="vẫn xin cấp")
    assert blocked.value.reason == "RULE_BLOCKS"
    assert "QCVN 01:2021/BXD, Bảng 2.8" in blocked.value.localized_message
    proposed = desk.propose(name, outcome=REFUSE, reasons=[pb.RefusalReason(rule="qcvn01-2021.house-density")])
    assert proposed.decision.reasons[0].law.article == "Bảng 2.8"
    refused = desk.leader.RefuseApplication(pb.RefuseApplicationRequest(name=name))
    assert refused.state == pb.PermitApplication.STATE_REFUSED
    desk.running.work()
    (stop,) = [call for call in desk.around.dossiers.calls if isinstance(call, dossier_pb2.StopDossierRequest)]
    assert stop.legal_reference.source == "QCVN 01:2021/BXD"
    assert "102,5 % vượt mức tối đa 100 %" in stop.reason
    assert "(QCVN 01:2021/BXD, Bảng 2.8)" in stop.reason
    desk.running.receive("permits.close_application", event_of(name, "dossier.stopped"))
    assert desk.get(name).state == pb.PermitApplication.STATE_REFUSED
    assert desk.numbers() == []


def test_a_refusal_without_a_lawful_reason_is_refused(desk: Any) -> None:
    name = desk.open()
    for reasons in ([], [pb.RefusalReason(rule="taste", text="không đẹp")]):
        with pytest.raises(ValidationFailed) as refused:
            desk.propose(name, outcome=REFUSE, reasons=reasons)
        assert refused.value.reason == "REFUSAL_UNREASONED"
    assert desk.get(name).state == pb.PermitApplication.STATE_UNDER_REVIEW


def test_one_supplement_is_asked_through_the_dossier_and_its_answer_is_checked(desk: Any, names: Any) -> None:
    name = desk.open()
    desk.handler.RequestSupplement(pb.RequestSupplementRequest(name=name, items=[ITEM]))
    desk.running.work()
    (asked,) = [c for c in desk.around.dossiers.calls if isinstance(c, dossier_pb2.RequestSupplementRequest)]
    assert (asked.items[0].component, asked.items[0].legal_reference.article) == ("foundation_drawings", "Điều 60")
    assert desk.get(name).awaited_role == pb.PermitApplication.AWAITED_ROLE_APPLICANT
    answer = event_of(
        name,
        "dossier.supplemented",
        due_time="2026-12-04T10:00:00Z",
        parcel=names.parcel,
        form={"works": {**names.works, "height_m": 30}},
    )
    desk.running.receive("permits.take_supplement", answer)
    desk.running.receive("permits.take_supplement", answer)
    application = desk.get(name)
    assert application.state == pb.PermitApplication.STATE_UNDER_REVIEW
    assert application.proposal.height_m == 30
    assert application.due_time.ToDatetime().day == 4
    assert application.supplement.HasField("answer_time")
    setback = next(one for one in application.findings if one.rule_id == "qcvn01-2021.front-setback")
    assert setback.limit == 6
    with pytest.raises(PreconditionFailed) as refused:
        desk.handler.RequestSupplement(pb.RequestSupplementRequest(name=name, items=[ITEM]))
    assert refused.value.reason == "SUPPLEMENT_USED"


def test_a_supplement_that_the_dossier_refuses_comes_back_to_the_handler(desk: Any) -> None:
    name = desk.open()
    desk.around.dossiers.refuse = "RequestSupplement"
    desk.handler.RequestSupplement(pb.RequestSupplementRequest(name=name, items=[ITEM]))
    desk.running.work()
    application = desk.get(name)
    assert application.state == pb.PermitApplication.STATE_UNDER_REVIEW
    assert application.problem == "the City holds this component"
    assert not application.HasField("supplement")


@pytest.mark.parametrize(
    ("component", "error", "reason"),
    [
        ("land_paper", PreconditionFailed, "COMPONENT_HELD_BY_CITY"),
        ("poem", ValidationFailed, "COMPONENT_UNKNOWN"),
    ],
)
def test_what_the_city_holds_or_the_procedure_does_not_know_is_not_asked_for(
    desk: Any, component: str, error: type[Exception], reason: str
) -> None:
    name = desk.open()
    before = desk.get(name)
    item = pb.SupplementItem(component=component, reason="Đề nghị nộp lại", law=LAW)
    with pytest.raises(error) as refused:
        desk.handler.RequestSupplement(pb.RequestSupplementRequest(name=name, items=[ITEM, item]))
    assert getattr(refused.value, "reason", "") == reason
    assert desk.get(name) == before


def test_a_question_before_the_dossier_was_started_starts_it(desk: Any) -> None:
    desk.running.receive("permits.open_application", desk.accepted())
    opened = next(event for event in desk.running.events() if event["type"] == "application.opened")
    desk.running.receive("permits.run_checks", opened)
    name = f"permitApplications/{'d' * 32}"
    request = pb.RequestSupplementRequest(name=name, items=[ITEM])
    desk.handler.RequestSupplement(request)
    asked = next(event for event in desk.running.events() if event["type"] == "application.supplement_needed")
    desk.running.receive("permits.request_supplement", asked)
    assert [type(call).__name__ for call in desk.around.dossiers.calls] == [
        "StartProcessingRequest",
        "RequestSupplementRequest",
    ]


def ask(desk: Any, name: str) -> str:
    desk.handler.RequestConsultation(
        pb.RequestConsultationRequest(
            name=name,
            agency_unit="units/so-xay-dung",
            subject="planning",
            question="Đề nghị cho ý kiến về quy hoạch tuyến hẻm",
        )
    )
    desk.running.work()
    (consultation,) = desk.get(name).consultations
    return str(consultation.consultation)


def close_consultation(desk: Any, consultation: str, outcome: Any, answer: str = "") -> None:
    kept = desk.around.dossiers.consultations[consultation]
    kept.outcome = outcome
    kept.answer = answer
    kept.state = consultation_pb2.Consultation.STATE_ANSWERED


def test_a_silent_agency_has_consented(desk: Any) -> None:
    name = desk.open()
    consultation = ask(desk, name)
    desk.review(name)
    with pytest.raises(PreconditionFailed) as refused:
        desk.propose(name)
    assert refused.value.reason == "CONSULTATION_PENDING"
    close_consultation(desk, consultation, consultation_pb2.Consultation.OUTCOME_SILENT_CONSENT)
    lapsed = event_of(name, "consultation.lapsed", consultation=consultation, application=name)
    desk.running.receive("permits.take_consultation", lapsed)
    assert desk.get(name).consultations[0].outcome == pb.Consultation.OUTCOME_LAPSED
    assert desk.propose(name).state == pb.PermitApplication.STATE_PROPOSED


def test_an_objection_must_be_weighed_in_the_note(desk: Any) -> None:
    name = desk.open()
    consultation = ask(desk, name)
    close_consultation(desk, consultation, consultation_pb2.Consultation.OUTCOME_OBJECTED, "Vướng lộ giới")
    answered = event_of(name, "consultation.answered", consultation=consultation, application=name)
    desk.running.receive("permits.take_consultation", answered)
    assert desk.get(name).consultations[0].opinion == "Vướng lộ giới"
    desk.review(name)
    with pytest.raises(ValidationFailed) as refused:
        desk.propose(name)
    assert refused.value.reason == "WARNING_NOT_EXPLAINED"
    assert desk.propose(name, note="Hẻm đã điều chỉnh theo QĐ mới").state == pb.PermitApplication.STATE_PROPOSED


def test_an_answer_before_its_question_is_linked_waits(desk: Any) -> None:
    name = desk.open()
    desk.handler.RequestConsultation(
        pb.RequestConsultationRequest(
            name=name, agency_unit="units/so-xay-dung", subject="planning", question="Đề nghị cho ý kiến"
        )
    )
    early = event_of(name, "consultation.answered", consultation=f"consultations/{'0' * 32}", application=name)
    with pytest.raises(NotYet):
        desk.running.receive("permits.take_consultation", early)


def test_a_withdrawn_dossier_closes_its_application(desk: Any) -> None:
    name = desk.open()
    withdrawn = event_of(name, "dossier.withdrawn")
    desk.running.receive("permits.close_application", withdrawn)
    desk.running.receive("permits.close_application", withdrawn)
    assert desk.get(name).state == pb.PermitApplication.STATE_CLOSED
    with pytest.raises(PreconditionFailed) as refused:
        desk.handler.RunChecks(pb.RunChecksRequest(name=name))
    assert refused.value.reason == "TRANSITION_NOT_ALLOWED"


def test_an_application_withdrawn_after_approval_gets_no_number(desk: Any) -> None:
    name = desk.open()
    desk.grant(name)
    desk.running.receive("permits.close_application", event_of(name, "dossier.withdrawn"))
    desk.running.work()
    assert desk.get(name).state == pb.PermitApplication.STATE_CLOSED
    assert desk.numbers() == []


def test_a_dossier_that_ended_before_its_acceptance_was_heard_of_is_waited_for(desk: Any) -> None:
    withdrawn = event_of(f"permitApplications/{'e' * 32}", "dossier.withdrawn")
    with pytest.raises(NotYet):
        desk.running.receive("permits.close_application", withdrawn)
    desk.around.dossiers.dossier.ClearField("accept_time")
    desk.running.receive("permits.close_application", withdrawn)


def test_nobody_decides_on_what_they_received_or_handled(desk: Any, names: Any) -> None:
    name = desk.open()
    desk.review(name)
    desk.propose(name)
    for officer in (names.receiver, names.handler):
        stub = desk.officer(officer, "leader", "handler")
        with pytest.raises(Forbidden) as refused:
            stub.ApproveApplication(pb.ApproveApplicationRequest(name=name))
        assert refused.value.reason == "SEPARATION_OF_DUTIES"
        assert "không được ký" in refused.value.localized_message
    assert desk.get(name).state == pb.PermitApplication.STATE_PROPOSED


def test_a_leader_of_another_ward_finds_nothing(desk: Any, names: Any) -> None:
    name = desk.open()
    desk.review(name)
    desk.propose(name)
    stranger = desk.officer(names.leader, "leader", unit="units/26743")
    with pytest.raises(NotFound):
        stranger.ApproveApplication(pb.ApproveApplicationRequest(name=name))
    with pytest.raises(NotFound):
        stranger.GetPermitApplication(pb.GetPermitApplicationRequest(name=name))


def test_a_stale_etag_and_a_repeated_request(desk: Any) -> None:
    name = desk.open()
    etag = desk.get(name).etag
    request = pb.ReviewChecklistRequest(
        name=name,
        reviews=[pb.ConditionReview(code="planning", outcome=pb.Condition.OUTCOME_MET)],
        etag=etag,
        request_id="0b9f4a7e-6a53-4c83-9d0a-6d2f3a3f3c10",
    )
    first = desk.handler.ReviewChecklist(request)
    assert desk.handler.ReviewChecklist(request) == first
    request.request_id = ""
    with pytest.raises(Conflict):
        desk.handler.ReviewChecklist(request)
    assert desk.get(name).etag == first.etag


@pytest.mark.parametrize(
    "form",
    [
        {"works": {}},
        {"works": {"lot_area_m2": "80"}},
        {},
    ],
)
def test_a_form_without_measures_opens_nothing(desk: Any, form: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        desk.running.receive("permits.open_application", desk.accepted(form=form))
    assert refused.value.reason == "PROPOSAL_INVALID"
    assert desk.running.runtime.store.collection("permit_applications").count_documents({}) == 0


@pytest.mark.parametrize(
    "request_",
    [
        pb.ProposeDecisionRequest(name=f"permitApplications/{'a' * 32}"),
        pb.ProposeDecisionRequest(name="permitApplications/short", outcome=pb.Decision.OUTCOME_GRANT),
        pb.ProposeDecisionRequest(
            name=f"permitApplications/{'a' * 32}", outcome=pb.Decision.OUTCOME_GRANT, request_id="again"
        ),
    ],
    ids=["no outcome", "no name", "no uuid"],
)
def test_every_field_has_a_rule(desk: Any, request_: pb.ProposeDecisionRequest) -> None:
    with pytest.raises(ValidationFailed) as refused:
        desk.handler.ProposeDecision(request_)
    assert refused.value.violations
    assert refused.value.localized_message
