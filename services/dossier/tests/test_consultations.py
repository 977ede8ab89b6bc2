"""Consultations: asked with a deadline, answered, or lapsed into consent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from motcua.dossier.v1 import consultation_pb2 as pb
from motcua.dossier.v1 import dossier_pb2
from motcua.dossier.v1.consultation_pb2_grpc import ConsultationServiceStub
from motcua_client import errors
from motcua_kit.testing import officer

Office = Any
Consultation = pb.Consultation


def ask(office: Office, dossier: str, **fields: Any) -> pb.Consultation:
    values = {
        "dossier": dossier,
        "application": "permitApplications/" + "9" * 32,
        "unit": "units/so-xay-dung",
        "subject": "architecture",
        "question": "Đề nghị cho ý kiến về kiến trúc mặt tiền",
        **fields,
    }
    stub: ConsultationServiceStub = office.consultations
    return stub.CreateConsultation(pb.CreateConsultationRequest(consultation=pb.Consultation(**values)))


def test_the_deadline_is_that_of_the_procedure(office: Office) -> None:
    asked = ask(office, office.processing().name)
    assert asked.state == Consultation.STATE_REQUESTED
    assert asked.working_days == 2
    assert asked.legal_reference.article == "Điều 54"
    # Asked on Monday 23/11; the 24th is a holiday: the end of Thursday 26/11.
    assert asked.deadline.ToDatetime(UTC) == datetime(2026, 11, 26, 16, 59, 59, tzinfo=UTC)
    event = next(one for one in office.running.events() if one["type"] == "consultation.requested")
    assert event["data"]["unit"] == "units/so-xay-dung"


def test_the_agency_answers(office: Office) -> None:
    asked = ask(office, office.processing().name)
    answered = office.consultee.AnswerConsultation(
        pb.AnswerConsultationRequest(
            name=asked.name, outcome=Consultation.OUTCOME_AGREED_WITH_CONDITIONS, answer="Giữ khoảng lùi 3 m"
        )
    )
    assert answered.state == Consultation.STATE_ANSWERED
    assert answered.responder == "officers/" + "3" * 32
    event = next(one for one in office.running.events() if one["type"] == "consultation.answered")
    assert event["data"]["outcome"] == "AGREED_WITH_CONDITIONS"
    assert event["data"]["application"] == "permitApplications/" + "9" * 32
    with pytest.raises(errors.PreconditionFailed) as closed:
        office.consultee.AnswerConsultation(
            pb.AnswerConsultationRequest(name=asked.name, outcome=Consultation.OUTCOME_AGREED)
        )
    assert closed.value.reason == "CONSULTATION_CLOSED"


def test_silence_is_consent(office: Office) -> None:
    asked = ask(office, office.processing().name)
    office.clock.move(timedelta(days=3))
    office.running.run_periodic("dossier.lapse_consultations")
    get = pb.GetConsultationRequest(name=asked.name)
    assert office.consultations.GetConsultation(get).state == Consultation.STATE_REQUESTED
    office.clock.move(timedelta(days=1))
    with pytest.raises(errors.PreconditionFailed) as late:
        office.consultee.AnswerConsultation(
            pb.AnswerConsultationRequest(name=asked.name, outcome=Consultation.OUTCOME_AGREED)
        )
    assert late.value.reason == "CONSULTATION_CLOSED"
    office.running.run_periodic("dossier.lapse_consultations")
    lapsed = office.consultations.GetConsultation(get)
    assert lapsed.state == Consultation.STATE_LAPSED
    assert lapsed.outcome == Consultation.OUTCOME_SILENT_CONSENT
    assert [one["type"] for one in office.running.events()].count("consultation.lapsed") == 1
    office.running.run_periodic("dossier.lapse_consultations")
    assert office.consultations.GetConsultation(get).etag == lapsed.etag


def test_the_silence_about_an_ended_dossier_means_nothing(office: Office) -> None:
    dossier = office.processing()
    asked = ask(office, dossier.name)
    office.citizen.WithdrawDossier(dossier_pb2.WithdrawDossierRequest(name=dossier.name, reason="đổi ý"))
    office.clock.move(timedelta(days=4))
    office.running.run_periodic("dossier.lapse_consultations")
    found = office.consultations.GetConsultation(pb.GetConsultationRequest(name=asked.name))
    assert found.state == Consultation.STATE_CANCELLED
    assert "consultation.lapsed" not in [one["type"] for one in office.running.events()]


def test_an_objection_needs_a_text(office: Office) -> None:
    asked = ask(office, office.processing().name)
    with pytest.raises(errors.ValidationFailed) as refused:
        office.consultee.AnswerConsultation(
            pb.AnswerConsultationRequest(name=asked.name, outcome=Consultation.OUTCOME_OBJECTED, answer="  ")
        )
    assert refused.value.reason == "REASON_REQUIRED"
    found = office.consultations.GetConsultation(pb.GetConsultationRequest(name=asked.name))
    assert found.etag == asked.etag


def test_only_the_unit_that_was_asked_answers(office: Office, people: SimpleNamespace) -> None:
    asked = ask(office, office.processing().name)
    other = office.running.call(ConsultationServiceStub, officer("consultee", people.other_ward))
    for call in (
        partial(
            other.AnswerConsultation,
            pb.AnswerConsultationRequest(name=asked.name, outcome=Consultation.OUTCOME_AGREED),
        ),
        partial(other.GetConsultation, pb.GetConsultationRequest(name=asked.name)),
        partial(other.ListConsultations, pb.ListConsultationsRequest(parent="units/so-xay-dung")),
    ):
        with pytest.raises(errors.NotFound):
            call()


def test_consultations_are_listed_by_deadline(office: Office) -> None:
    dossier = office.processing()
    later = ask(office, dossier.name, working_days=5)
    sooner = ask(office, dossier.name)
    first = office.consultations.ListConsultations(pb.ListConsultationsRequest(parent=dossier.name, page_size=1))
    assert [one.name for one in first.consultations] == [sooner.name]
    second = office.consultations.ListConsultations(
        pb.ListConsultationsRequest(parent=dossier.name, page_size=1, page_token=first.next_page_token)
    )
    assert [one.name for one in second.consultations] == [later.name]
    assert second.next_page_token == ""
    asked = office.consultee.ListConsultations(
        pb.ListConsultationsRequest(parent="units/so-xay-dung", state=Consultation.STATE_REQUESTED)
    )
    assert len(asked.consultations) == 2


@pytest.mark.parametrize("unit", ["units/nowhere"])
def test_an_unknown_agency_cannot_be_asked(office: Office, unit: str) -> None:
    with pytest.raises(errors.ValidationFailed) as refused:
        ask(office, office.processing().name, unit=unit)
    assert refused.value.reason == "UNIT_NOT_COMPETENT"


def test_without_a_deadline_in_the_law_the_asker_names_one(office: Office) -> None:
    draft = office.draft(
        procedure="procedures/2.000815",
        form={"copy": {"paper": "Bằng", "pages": 1, "copies": 1, "many_papers": False}},
    )
    office.provide(draft.name, "original")
    office.citizen.SubmitDossier(dossier_pb2.SubmitDossierRequest(name=draft.name))
    office.receiver.AcceptDossier(dossier_pb2.AcceptDossierRequest(name=draft.name))
    with pytest.raises(errors.ValidationFailed) as refused:
        ask(office, draft.name)
    assert refused.value.reason == "DEADLINE_REQUIRED"
    assert ask(office, draft.name, working_days=3).working_days == 3


def test_nothing_is_asked_about_a_dossier_that_does_not_run(office: Office) -> None:
    with pytest.raises(errors.PreconditionFailed) as refused:
        ask(office, office.submitted().name)
    assert refused.value.reason == "TRANSITION_NOT_ALLOWED"
