"""What goes otherwise than hoped: refusals, silence, withdrawal, malware."""

from datetime import timedelta

import pytest

from motcua.common.v1.common_pb2 import LegalReference
from motcua.dossier.v1.consultation_pb2 import Consultation, GetConsultationRequest
from motcua.dossier.v1.dossier_pb2 import Component, Dossier, Upload
from motcua.permits.v1.application_pb2 import Condition, Decision, PermitApplication, RefusalReason, SupplementItem
from motcua.permits.v1.application_pb2 import Consultation as ApplicationConsultation
from motcua_client import PreconditionFailed
from motcua_devstack.demo import house
from motcua_devstack.demo.scenes import drafted, in_work, submitted, wait_for_dossier
from motcua_devstack.demo.walk import Walk, eventually

LAW = LegalReference(source="NĐ 217/2026/NĐ-CP", article="Điều 54", confidence="sure")
RECEPTION_LAW = LegalReference(source="NĐ 118/2025/NĐ-CP", article="Điều 17", confidence="sure")


def slips(walk: Walk, dossier: str, form: str) -> list[str]:
    return [one.name for one in walk.citizen.my_documents(dossier) if one.form == form]


def told(walk: Walk, dossier: str, event: str) -> int:
    """How many messages by inbox the applicant got about an event."""
    found = walk.administrator.messages_about(dossier)
    return len({one.event_id for one in found if one.event_type == event})


def test_refused_at_reception(walk: Walk) -> None:
    dossier = submitted(walk.citizen).name
    refused = walk.reception.refuse(dossier, "Không thuộc thẩm quyền giải quyết.", RECEPTION_LAW)
    assert refused.state == Dossier.STATE_REFUSED
    assert refused.end_legal_reference == RECEPTION_LAW
    eventually(lambda: slips(walk, dossier, "03"), lambda found: len(found) == 1, "slip 03")
    eventually(lambda: told(walk, dossier, "dossier.refused"), lambda count: count == 1, "one message")
    assert walk.handler.applications_of(house.WARD, dossier) == []
    with pytest.raises(PreconditionFailed):
        walk.reception.accept(dossier)


def test_supplement_not_answered(walk: Walk) -> None:
    case = in_work(walk)
    item = SupplementItem(component="site_plan", reason="Bản vẽ thiếu sơ đồ vị trí.", law=LAW)
    walk.handler.request_supplement(case.application, [item])
    paused = wait_for_dossier(walk.citizen, case.dossier, Dossier.STATE_SUPPLEMENT_REQUESTED)
    left = paused.supplement.answer_by.ToDatetime(walk.world.clock.now().tzinfo) - walk.world.clock.now()
    walk.world.clock.advance(left + timedelta(hours=1))
    stopped = wait_for_dossier(walk.citizen, case.dossier, Dossier.STATE_STOPPED, seconds=90)
    assert stopped.supplement.expired
    assert stopped.end_reason
    assert stopped.end_legal_reference.source
    eventually(
        lambda: walk.handler.application(case.application).state,
        lambda state: state == PermitApplication.STATE_CLOSED,
        "the application to be closed",
    )
    with pytest.raises(PreconditionFailed):
        walk.citizen.answer_supplement(case.dossier, "Quá hạn.")


def test_silent_consultation_is_consent(walk: Walk) -> None:
    case = in_work(walk)
    walk.handler.consult(case.application, house.CONSULTED_AGENCY, "Ý kiến về quy hoạch", "Đề nghị cho ý kiến.")
    waiting = eventually(
        lambda: [one for one in walk.consultee.waiting(house.CONSULTED_AGENCY) if one.dossier == case.dossier],
        lambda found: len(found) == 1,
        "the consultation",
    )[0]
    walk.world.clock.advance(
        waiting.deadline.ToDatetime(walk.world.clock.now().tzinfo) - walk.world.clock.now() + timedelta(hours=1)
    )
    application = eventually(
        lambda: walk.handler.application(case.application),
        lambda application: application.consultations[0].outcome == ApplicationConsultation.OUTCOME_LAPSED,
        "the consultation to lapse",
        seconds=90,
    )
    assert len(application.consultations) == 1
    consultation = walk.consultee.consultations.GetConsultation(GetConsultationRequest(name=waiting.name))
    assert consultation.state == Consultation.STATE_LAPSED
    assert consultation.outcome == Consultation.OUTCOME_SILENT_CONSENT
    with pytest.raises(PreconditionFailed):
        walk.consultee.answer(waiting.name, Consultation.OUTCOME_OBJECTED, "Không thống nhất.")


def test_permit_refused_with_reasons_and_law(walk: Walk) -> None:
    case = in_work(walk)
    conditions = walk.handler.application(case.application).checklist
    outcomes = {
        one.code: Condition.OUTCOME_NOT_MET if one.code == "planning" else Condition.OUTCOME_MET
        for one in conditions
        if one.outcome != Condition.OUTCOME_NOT_APPLICABLE
    }
    walk.handler.review(case.application, outcomes, "Không phù hợp quy hoạch chi tiết.")
    reason = RefusalReason(rule="planning", law=LAW, text="Không phù hợp quy hoạch chi tiết.")
    walk.handler.propose(case.application, Decision.OUTCOME_REFUSE, "Đề nghị từ chối.", [reason])
    with pytest.raises(PreconditionFailed):
        walk.leader.approve(case.application)
    refused = walk.leader.refuse(case.application)
    assert refused.state == PermitApplication.STATE_REFUSED
    stopped = wait_for_dossier(walk.citizen, case.dossier, Dossier.STATE_STOPPED)
    assert "quy hoạch" in stopped.end_reason
    assert stopped.end_legal_reference.article
    assert not stopped.results
    assert refused.permit == ""


def test_withdrawn_in_the_middle(walk: Walk) -> None:
    case = in_work(walk)
    withdrawn = walk.citizen.withdraw(case.dossier, "Gia đình thay đổi kế hoạch.")
    assert withdrawn.state == Dossier.STATE_WITHDRAWN
    eventually(
        lambda: walk.handler.application(case.application).state,
        lambda state: state == PermitApplication.STATE_CLOSED,
        "the application to be closed",
    )
    with pytest.raises(PreconditionFailed):
        walk.handler.consult(case.application, house.CONSULTED_AGENCY, "Ý kiến", "Đề nghị cho ý kiến.")


def test_malware_is_rejected_and_keeps_the_draft_from_being_submitted(walk: Walk) -> None:
    draft = drafted(walk.citizen, {"site_plan": house.EICAR})
    infected = next(one for one in draft.uploads if one.component == "site_plan")
    assert infected.state == Upload.STATE_REJECTED
    assert infected.rejection == Upload.REJECTION_MALWARE
    provided = {one.code for one in draft.components if one.state == Component.STATE_PROVIDED}
    assert "site_plan" not in provided
    with pytest.raises(PreconditionFailed) as refusal:
        walk.citizen.submit(draft.name)
    assert refusal.value.reason == "UPLOAD_REJECTED"
    assert refusal.value.localized_message
    assert walk.citizen.dossier(draft.name).state == Dossier.STATE_DRAFT
    walk.citizen.upload(draft.name, "site_plan", house.paper("site_plan", house.PAPERS["site_plan"]))
    eventually(
        lambda: walk.citizen.dossier(draft.name),
        lambda dossier: (
            "site_plan" in {one.code for one in dossier.components if one.state == Component.STATE_PROVIDED}
        ),
        "the clean drawing to be accepted",
    )
    assert walk.citizen.submit(draft.name).state == Dossier.STATE_SUBMITTED
