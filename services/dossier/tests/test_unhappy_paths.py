"""Refusal, supplement, payment, withdrawal, stop, and calls that must change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from motcua.dossier.v1 import document_pb2
from motcua.dossier.v1 import dossier_pb2 as pb
from motcua.identity.v1 import account_pb2
from motcua_client import errors
from motcua_kit.testing import citizen, officer

Office = Any
State = pb.Dossier


def types(office: Office) -> list[str]:
    return [event["type"] for event in office.running.events()]


def test_a_refused_dossier_ends_with_slip_03(office: Office, people: SimpleNamespace) -> None:
    submitted = office.submitted()
    refused = office.receiver.RefuseDossier(
        pb.RefuseDossierRequest(name=submitted.name, reason="Thửa đất ngoài địa bàn", legal_reference=people.law)
    )
    assert refused.state == State.STATE_REFUSED
    assert refused.receiver == people.receiver
    assert refused.end_legal_reference == people.law
    assert "dossier.refused" in types(office)
    office.running.work()
    assert [slip.form for slip in office.get(submitted.name).slips] == ["03"]
    with pytest.raises(errors.PreconditionFailed) as closed:
        office.receiver.AcceptDossier(pb.AcceptDossierRequest(name=submitted.name))
    assert closed.value.reason == "TRANSITION_NOT_ALLOWED"
    assert closed.value.metadata["state"] == "REFUSED"


def test_a_supplement_pauses_the_clock_and_moves_the_due_date(office: Office, pdf: bytes) -> None:
    dossier = office.processing()
    asked = office.ask(dossier.name)
    assert asked.state == State.STATE_SUPPLEMENT_REQUESTED
    # Asked on Monday 23/11, two working days, the 24th is a holiday: the end of Thursday 26/11.
    assert asked.supplement.answer_by.ToDatetime(UTC) == datetime(2026, 11, 26, 16, 59, 59, tzinfo=UTC)
    office.running.work()
    assert [slip.form for slip in office.get(dossier.name).slips] == ["01", "02"]

    with pytest.raises(errors.PreconditionFailed) as missing:
        office.citizen.AnswerSupplement(pb.AnswerSupplementRequest(name=dossier.name))
    assert missing.value.reason == "SUPPLEMENT_INCOMPLETE"
    with pytest.raises(errors.PreconditionFailed) as other:
        office.prepare(dossier.name, "foundation_drawings", pdf)
    assert other.value.reason == "TRANSITION_NOT_ALLOWED"

    office.clock.move(timedelta(days=2))
    office.provide(dossier.name, "site_plan", pdf)
    answered = office.citizen.AnswerSupplement(pb.AnswerSupplementRequest(name=dossier.name, note="đã ký số lại"))
    assert answered.state == State.STATE_PROCESSING
    assert answered.supplement.note == "đã ký số lại"
    # 24/11 is off, 25/11 is worked: one working day is added to 3/12.
    assert answered.pauses[0].working_days == 1
    assert answered.due_time.ToDatetime(UTC) == datetime(2026, 12, 4, 10, 0, tzinfo=UTC)
    changed = next(event for event in office.running.events() if event["type"] == "dossier.due_changed")
    assert changed["data"]["cause"] == "supplement"
    assert "dossier.supplemented" in types(office)

    with pytest.raises(errors.PreconditionFailed) as twice:
        office.ask(dossier.name)
    assert twice.value.reason == "SUPPLEMENT_ALREADY_REQUESTED"


def test_an_unanswered_supplement_stops_the_dossier(office: Office) -> None:
    dossier = office.processing()
    office.ask(dossier.name)
    office.clock.move(timedelta(days=3))
    office.running.run_periodic("dossier.expire_supplements")
    assert office.get(dossier.name).state == State.STATE_SUPPLEMENT_REQUESTED  # the last day is not over

    office.clock.move(timedelta(days=1))
    with pytest.raises(errors.PreconditionFailed) as late:
        office.citizen.AnswerSupplement(pb.AnswerSupplementRequest(name=dossier.name))
    assert late.value.reason == "SUPPLEMENT_EXPIRED"
    office.running.run_periodic("dossier.expire_supplements")
    stopped = office.get(dossier.name)
    assert stopped.state == State.STATE_STOPPED
    assert stopped.supplement.expired
    assert stopped.end_legal_reference.source == "NĐ 217/2026/NĐ-CP"
    assert "Bản vẽ mặt bằng công trình" in stopped.end_reason
    office.running.work()
    assert "05" in [slip.form for slip in office.get(dossier.name).slips]
    etag = office.get(dossier.name).etag
    office.running.run_periodic("dossier.expire_supplements")
    assert office.get(dossier.name).etag == etag


def test_one_dossier_that_cannot_be_stopped_holds_no_other_back(office: Office) -> None:
    broken, good = office.processing(), office.processing()
    for dossier in (broken, good):
        office.ask(dossier.name)
    collection = office.running.runtime.store.collection("dossiers")
    identity = broken.name.removeprefix("dossiers/")
    collection.update_one({"_id": identity}, {"$set": {"procedure_version": "lost"}})
    office.clock.move(timedelta(days=4))
    with pytest.raises(ExceptionGroup, match="1 of 2 could not be done"):
        office.running.run_periodic("dossier.expire_supplements")
    assert office.get(broken.name).state == State.STATE_SUPPLEMENT_REQUESTED
    assert office.get(good.name).state == State.STATE_STOPPED


def test_a_payment_pauses_the_clock(office: Office, people: SimpleNamespace) -> None:
    draft = office.draft(
        procedure="procedures/2.000815",
        form={"copy": {"paper": "Bằng tốt nghiệp", "pages": 3, "copies": 1, "many_papers": True}},
    )
    office.provide(draft.name, "original")
    office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name))
    office.receiver.AcceptDossier(pb.AcceptDossierRequest(name=draft.name))
    started = office.handler.StartProcessing(pb.StartProcessingRequest(name=draft.name))
    due = started.due_time.ToDatetime(UTC)
    asked = office.handler.RequestPayment(pb.RequestPaymentRequest(name=draft.name, charges=["certification"]))
    assert asked.state == State.STATE_PAYMENT_REQUESTED
    office.clock.move(timedelta(days=3))  # Thursday 26/11
    finance = office.as_(officer("finance", people.ward))
    with pytest.raises(errors.PreconditionFailed) as wrong:
        finance.ConfirmPayment(pb.ConfirmPaymentRequest(name=draft.name, receipt_no="BL1", amount_vnd=1))
    assert wrong.value.reason == "PAYMENT_AMOUNT_MISMATCH"
    paid = finance.ConfirmPayment(pb.ConfirmPaymentRequest(name=draft.name, receipt_no="BL1", amount_vnd=10_000))
    assert paid.finance_state == State.FINANCE_STATE_PAID
    assert paid.state == State.STATE_PROCESSING
    assert paid.due_time.ToDatetime(UTC) - due == timedelta(days=4)  # two working days over a weekend
    assert {"dossier.resumed", "dossier.due_changed"} <= set(types(office))


def test_an_unpaid_fee_holds_back_the_end(office: Office) -> None:
    draft = office.draft(
        procedure="procedures/2.000815",
        form={"copy": {"paper": "Bằng tốt nghiệp", "pages": 3, "copies": 1, "many_papers": False}},
    )
    office.provide(draft.name, "original")
    office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name))
    office.receiver.AcceptDossier(pb.AcceptDossierRequest(name=draft.name))
    office.handler.StartProcessing(pb.StartProcessingRequest(name=draft.name))
    office.attach(draft.name)
    with pytest.raises(errors.PreconditionFailed) as unpaid:
        office.handler.CompleteDossier(pb.CompleteDossierRequest(name=draft.name))
    assert unpaid.value.reason == "PAYMENT_DUE"


def test_what_costs_nothing_cannot_be_charged(office: Office) -> None:
    dossier = office.processing()
    with pytest.raises(errors.PreconditionFailed) as nothing:
        office.handler.RequestPayment(pb.RequestPaymentRequest(name=dossier.name, charges=["permit"]))
    assert nothing.value.reason == "NOTHING_DUE"
    with pytest.raises(errors.ValidationFailed) as unknown:
        office.handler.RequestPayment(pb.RequestPaymentRequest(name=dossier.name, charges=["tip"]))
    assert unknown.value.reason == "CHARGE_UNKNOWN"
    assert office.get(dossier.name).state == State.STATE_PROCESSING


@pytest.mark.parametrize("stage", ["submitted", "accepted", "processing"])
def test_the_applicant_may_withdraw_in_the_middle(office: Office, stage: str) -> None:
    dossier = getattr(office, stage)()
    withdrawn = office.citizen.WithdrawDossier(pb.WithdrawDossierRequest(name=dossier.name, reason="Đổi thiết kế"))
    assert withdrawn.state == State.STATE_WITHDRAWN
    assert "dossier.withdrawn" in types(office)
    timeline = office.citizen.GetTimeline(pb.GetTimelineRequest(name=dossier.name)).entries
    assert timeline[-1].reason == "Đổi thiết kế"


def test_a_dossier_is_stopped_with_reason_and_law(office: Office, people: SimpleNamespace) -> None:
    dossier = office.processing()
    office.permits.StopDossier(
        pb.StopDossierRequest(name=dossier.name, reason="Vượt mật độ xây dựng", legal_reference=people.law)
    )
    office.running.work()
    stopped = office.get(dossier.name)
    assert stopped.state == State.STATE_STOPPED
    slip = next(slip for slip in stopped.slips if slip.form == "05")
    document = office.documents.GetDocument(document_pb2.GetDocumentRequest(name=slip.document))
    assert document.title == "Thông báo dừng giải quyết hồ sơ"


def test_there_is_no_end_without_a_result(office: Office) -> None:
    dossier = office.processing()
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.permits.CompleteDossier(pb.CompleteDossierRequest(name=dossier.name))
    assert refused.value.reason == "RESULT_MISSING"


def test_at_the_counter_the_result_waits_for_its_owner(office: Office, people: SimpleNamespace) -> None:
    completed = office.completed(delivery_method=pb.Dossier.DELIVERY_METHOD_COUNTER)
    office.running.work()
    waiting = office.get(completed.name)
    assert waiting.state == State.STATE_COMPLETED
    office.documents.GetDocument(document_pb2.GetDocumentRequest(name=waiting.results[0].document))
    clerk = office.as_(officer("clerk", people.ward))
    handed = clerk.DeliverResult(pb.DeliverResultRequest(name=completed.name))
    assert handed.state == State.STATE_RETURNED
    with pytest.raises(errors.PreconditionFailed):
        clerk.DeliverResult(pb.DeliverResultRequest(name=completed.name))


def test_a_stale_etag_changes_nothing(office: Office) -> None:
    submitted = office.submitted()
    with pytest.raises(errors.Conflict) as stale:
        office.receiver.AcceptDossier(pb.AcceptDossierRequest(name=submitted.name, etag='"1"'))
    assert stale.value.reason == "ETAG_MISMATCH"
    assert office.get(submitted.name).etag == submitted.etag


def test_another_persons_dossier_looks_like_none(office: Office, people: SimpleNamespace) -> None:
    dossier = office.submitted()
    stranger = office.as_(citizen(people.binh))
    foreign = office.as_(officer("reception_officer", people.other_ward))
    for call in (
        partial(stranger.GetDossier, pb.GetDossierRequest(name=dossier.name)),
        partial(stranger.GetTimeline, pb.GetTimelineRequest(name=dossier.name)),
        partial(stranger.WithdrawDossier, pb.WithdrawDossierRequest(name=dossier.name, reason="x")),
        partial(foreign.GetDossier, pb.GetDossierRequest(name=dossier.name)),
        partial(foreign.AcceptDossier, pb.AcceptDossierRequest(name=dossier.name)),
        partial(stranger.GetDossier, pb.GetDossierRequest(name="dossiers/" + "0" * 32)),
    ):
        with pytest.raises(errors.NotFound) as hidden:
            call()
        assert hidden.value.reason == "NOT_FOUND"
    assert list(stranger.ListDossiers(pb.ListDossiersRequest()).dossiers) == []
    assert office.get(dossier.name).etag == dossier.etag


def test_a_citizen_cannot_accept_and_a_receiver_cannot_stop(office: Office, people: SimpleNamespace) -> None:
    dossier = office.submitted()
    with pytest.raises(errors.Forbidden):
        office.citizen.AcceptDossier(pb.AcceptDossierRequest(name=dossier.name))
    with pytest.raises(errors.Forbidden):
        office.receiver.StopDossier(pb.StopDossierRequest(name=dossier.name, reason="x", legal_reference=people.law))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"unit": "units/99999"}, "UNIT_NOT_COMPETENT"),
        ({"unit": "units/so-xay-dung"}, "UNIT_NOT_COMPETENT"),
        ({"procedure": ""}, "REQUEST_INVALID"),
        ({"procedure": "1.013225"}, "REQUEST_INVALID"),
        ({"form": {"works": {"storeys": "ba"}}}, "FORM_INVALID"),
        ({"form": {"secret": 1}}, "FORM_INVALID"),
    ],
    ids=["no-unit", "no-ward", "no-procedure", "bad-name", "bad-type", "unknown-field"],
)
def test_a_draft_that_cannot_be_right_is_refused(office: Office, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(errors.ValidationFailed) as refused:
        office.draft(**fields)
    assert refused.value.reason == reason
    assert refused.value.localized_message
    assert list(office.citizen.ListDossiers(pb.ListDossiersRequest()).dossiers) == []


def test_an_officer_files_for_a_person(office: Office, people: SimpleNamespace) -> None:
    draft = pb.Dossier(procedure="procedures/1.013225", unit=people.ward)
    with pytest.raises(errors.ValidationFailed) as refused:
        office.receiver.CreateDossier(pb.CreateDossierRequest(dossier=draft))
    assert [violation.field for violation in refused.value.violations] == ["dossier.applicant"]
    draft.applicant = people.an
    filed = office.receiver.CreateDossier(pb.CreateDossierRequest(dossier=draft))
    assert filed.channel == State.CHANNEL_COUNTER
    assert office.get(filed.name).applicant == people.an
    foreign = office.as_(officer("reception_officer", people.other_ward))
    with pytest.raises(errors.NotFound):
        foreign.CreateDossier(pb.CreateDossierRequest(dossier=draft))


def test_reading_somebodys_dossier_is_noted(office: Office, people: SimpleNamespace) -> None:
    dossier = office.submitted()
    office.get(dossier.name)
    assert "access.recorded" not in types(office)
    office.receiver.GetDossier(pb.GetDossierRequest(name=dossier.name))
    (noted,) = [event["data"] for event in office.running.events() if event["type"] == "access.recorded"]
    assert (noted["person"], noted["reader"], noted["resource"]) == (people.an, people.receiver, dossier.name)
    assert noted["purpose"] == "dossier.read"


def test_an_unknown_procedure_is_not_found(office: Office) -> None:
    with pytest.raises(errors.NotFound) as refused:
        office.draft(procedure="procedures/9.999999")
    assert refused.value.reason == "PROCEDURE_NOT_FOUND"


def test_filing_needs_the_assurance_of_the_procedure(office: Office) -> None:
    office.peers.assurance = account_pb2.ASSURANCE_LEVEL_ONE
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.draft()
    assert refused.value.reason == "APPLICANT_NOT_ELIGIBLE"
    assert "mức độ 2" in refused.value.localized_message


def test_an_incomplete_form_names_every_field(office: Office) -> None:
    draft = office.complete_draft(form={"request": {"kind": "NEW"}})
    with pytest.raises(errors.ValidationFailed) as refused:
        office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name))
    assert refused.value.reason == "FORM_INVALID"
    fields = {violation.field for violation in refused.value.violations}
    assert {"form.works.storeys", "form.neighbours"} <= fields
    assert "form.applicant.full_name" not in fields
    assert office.get(draft.name).state == State.STATE_DRAFT


def test_only_a_draft_can_be_changed_or_deleted(office: Office) -> None:
    submitted = office.submitted()
    for call in (
        partial(office.citizen.UpdateDossier, pb.UpdateDossierRequest(dossier=submitted)),
        partial(office.citizen.DeleteDossier, pb.DeleteDossierRequest(name=submitted.name)),
    ):
        with pytest.raises(errors.PreconditionFailed) as refused:
            call()
        assert refused.value.reason == "NOT_A_DRAFT"


def test_delivery_is_chosen_in_the_draft(office: Office) -> None:
    draft = office.draft()
    changed = pb.Dossier(name=draft.name, delivery_method=State.DELIVERY_METHOD_POST, etag=draft.etag)
    updated = office.citizen.UpdateDossier(pb.UpdateDossierRequest(dossier=changed))
    assert updated.delivery_method == State.DELIVERY_METHOD_POST
    assert updated.form == draft.form
    for call in (
        partial(office.citizen.UpdateDossier, pb.UpdateDossierRequest(dossier=changed)),
        partial(office.citizen.DeleteDossier, pb.DeleteDossierRequest(name=draft.name, etag=draft.etag)),
    ):
        with pytest.raises(errors.Conflict) as stale:
            call()
        assert stale.value.reason == "ETAG_MISMATCH"
    assert office.get(draft.name).etag == updated.etag


def test_state_is_never_set_by_update(office: Office) -> None:
    draft = office.draft()
    draft.state = State.STATE_ACCEPTED
    request = pb.UpdateDossierRequest(dossier=draft)
    request.update_mask.paths.append("state")
    with pytest.raises(errors.ValidationFailed) as refused:
        office.citizen.UpdateDossier(request)
    assert refused.value.reason == "FIELD_NOT_UPDATABLE"


def test_a_result_with_wrong_bytes_is_not_attached(office: Office, pdf: bytes) -> None:
    dossier = office.processing()
    prepared = office.permits.CreateResultUpload(
        pb.CreateResultUploadRequest(
            parent=dossier.name,
            filename="GPXD.pdf",
            content_type="application/pdf",
            size=len(pdf),
            sha256="0" * 64,
        )
    )
    attach = pb.AttachResultRequest(
        name=dossier.name, upload=prepared.upload.name, title="Giấy phép", kind="building_permit"
    )
    with pytest.raises(errors.PreconditionFailed) as absent:
        office.permits.AttachResult(attach)
    assert absent.value.reason == "UPLOAD_INCOMPLETE"
    office.send(prepared, pdf)
    with pytest.raises(errors.PreconditionFailed) as wrong:
        office.permits.AttachResult(attach)
    assert wrong.value.reason == "UPLOAD_REJECTED"
    attach.upload = f"dossiers/{'0' * 32}/uploads/{'0' * 32}"
    with pytest.raises(errors.ValidationFailed) as foreign:
        office.permits.AttachResult(attach)
    assert foreign.value.reason == "RESOURCE_NAME_INVALID"
    attach.upload = office.get(dossier.name).uploads[0].name
    with pytest.raises(errors.NotFound) as no_result:
        office.permits.AttachResult(attach)
    assert no_result.value.reason == "UPLOAD_NOT_FOUND"
    assert list(office.get(dossier.name).results) == []
