"""Rules of the dossier that its states alone do not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.parts import (
    ComponentState,
    HeldPaper,
    Inspection,
    NewUpload,
    Rejection,
    Slip,
    SupplementItem,
    UploadState,
)
from motcua_dossier.domain.procedure import Procedure
from motcua_dossier.domain.states import State
from motcua_kit.domain import FieldViolation, NotFound, PreconditionFailed, ValidationFailed

LAW = LegalReference("NĐ 217/2026/NĐ-CP", "Điều 54")
Make = Callable[[], Dossier]


def asked_for(dossier: Dossier, component: str, house: Procedure, calendar: CityCalendar, now: datetime) -> Dossier:
    """Bring a draft to the point where a supplement was asked for."""
    dossier.submit(house, "H29.26740-261123-0001", [], now)
    dossier.accept(house, calendar, "officers/1", now)
    dossier.start_processing(now)
    items = [SupplementItem(component, "chưa rõ", LAW)]
    dossier.request_supplement("s1", items, "officers/2", house, calendar, now)
    return dossier


def test_a_file_that_is_being_checked_holds_submission_back(draft: Make, house: Procedure, now: datetime) -> None:
    dossier = draft()
    new = NewUpload("9" * 32, "site_plan", "b.pdf", "application/pdf", 10, "0" * 64)
    dossier.prepare_upload(house, new, now)
    dossier.finalize_upload(new.id)
    with pytest.raises(PreconditionFailed, match="UPLOAD_NOT_CHECKED"):
        dossier.submit(house, "H29.26740-261123-0001", [], now)
    dossier.settle_upload(new.id, Inspection(Rejection.MALWARE, "Eicar"), now)
    dossier.submit(house, "H29.26740-261123-0001", [], now)  # the other file of the component is good
    assert dossier.state is State.SUBMITTED


def test_a_place_that_was_never_filled_is_forgotten_at_submission(draft: Make, house: Procedure, now: datetime) -> None:
    dossier = draft()
    dossier.prepare_upload(house, NewUpload("9" * 32, "approvals", "b.pdf", "application/pdf", 10, "0" * 64), now)
    dossier.submit(house, "H29.26740-261123-0001", [], now)
    assert dossier.component("approvals").state is ComponentState.MISSING
    with pytest.raises(NotFound, match="UPLOAD_NOT_FOUND"):
        dossier.upload("9" * 32)


def test_a_place_that_is_prepared_again_is_there_once(draft: Make, house: Procedure, now: datetime) -> None:
    dossier = draft()
    new = NewUpload("9" * 32, "site_plan", "b.pdf", "application/pdf", 10, "0" * 64)
    first = dossier.prepare_upload(house, new, now)
    dossier.finalize_upload(new.id)
    assert dossier.prepare_upload(house, new, now + timedelta(hours=1)) is first
    assert [one.id for one in dossier.uploads].count(new.id) == 1
    assert first.state is UploadState.CHECKING


def test_what_the_form_says_decides_what_is_required(draft: Make, house: Procedure, house_form: dict[str, Any]) -> None:
    dossier = draft()
    assert not dossier.component("structure_drawings").required
    tall = {**house_form, "works": {**house_form["works"], "basements": 1}}
    dossier.update_form(house, tall, [])
    assert dossier.component("structure_drawings").required


def test_a_settled_file_stays_settled(draft: Make, now: datetime) -> None:
    dossier = draft()
    upload = dossier.uploads[0]
    dossier.settle_upload(upload.id, Inspection(Rejection.BROKEN), now + timedelta(hours=1))
    assert upload.rejection is None
    assert upload.check_time == now


def test_a_form_that_was_asked_for_must_come_anew(
    draft: Make, house: Procedure, house_form: dict[str, Any], calendar: CityCalendar, now: datetime
) -> None:
    dossier = asked_for(draft(), "application_form", house, calendar, now)
    with pytest.raises(PreconditionFailed, match="SUPPLEMENT_INCOMPLETE"):
        dossier.answer_supplement(house, calendar, "", None, [], now)
    with pytest.raises(ValidationFailed, match="FORM_INVALID"):
        dossier.answer_supplement(house, calendar, "", {}, [FieldViolation("form.works", "FORM_REQUIRED", "x")], now)
    assert dossier.form == house_form
    changed = {**house_form, "works": {**house_form["works"], "height_m": 12}}
    dossier.answer_supplement(house, calendar, "đã sửa", changed, [], now)
    assert dossier.form["works"]["height_m"] == 12
    event = next(event for event in dossier.take_events() if event.type == "dossier.supplemented")
    assert event.form["works"]["height_m"] == 12  # type: ignore[attr-defined]


def test_a_paper_of_the_city_answers_a_supplement(
    draft: Make, house: Procedure, calendar: CityCalendar, now: datetime
) -> None:
    components = tuple(
        replace(one, reuse_sources=("documents:approval",)) if one.code == "approvals" else one
        for one in house.components
    )
    procedure = replace(house, components=components)
    dossier = asked_for(draft(), "approvals", procedure, calendar, now)
    paper = HeldPaper("approvals", "documents/" + "c" * 32)
    with pytest.raises(PreconditionFailed, match="COMPONENT_NOT_REUSABLE"):
        dossier.reuse(procedure, paper, "building_permit")
    dossier.reuse(procedure, paper, "approval")
    dossier.answer_supplement(procedure, calendar, "", None, [], now)
    assert dossier.component("approvals").source == paper.source


def test_a_document_that_was_chosen_stays_when_the_parcel_changes(
    draft: Make, house: Procedure, house_form: dict[str, Any]
) -> None:
    components = tuple(replace(one, reuse_sources=("documents:approval",)) for one in house.components)
    dossier = draft()
    dossier.reuse(replace(house, components=components), HeldPaper("approvals", "documents/" + "c" * 32), "approval")
    dossier.update_form(house, house_form, [])
    assert dossier.component("approvals").state is ComponentState.REUSED
    assert dossier.component("land_paper").state is ComponentState.MISSING


def test_a_slip_is_issued_once(draft: Make, now: datetime) -> None:
    dossier = draft()
    dossier.take_events()
    for _ in range(2):
        dossier.add_slip(Slip("01", "H29/01", "documents/" + "c" * 32, now))
    assert len(dossier.slips) == 1
    assert [event.type for event in dossier.take_events()] == ["dossier.slip_issued"]


def test_events_carry_no_personal_data(draft: Make, house: Procedure, calendar: CityCalendar, now: datetime) -> None:
    dossier = asked_for(draft(), "site_plan", house, calendar, now)
    dossier.stop("không đủ điều kiện", LAW, now)
    text = repr(dossier.take_events())
    for personal in ("NGUYỄN THỊ AN", "079190012345", "+84901234567", "an@example.vn"):
        assert personal not in text


def test_a_form_that_no_time_limit_covers_is_refused(draft: Make, house: Procedure, now: datetime) -> None:
    dossier = draft()
    dossier.form = {**dossier.form, "request": {"kind": "REPAIR"}}
    with pytest.raises(ValidationFailed, match="no time limit"):
        dossier.submit(house, "H29.26740-261123-0001", [], now)


def test_what_was_not_paid_is_waived_when_the_dossier_ends(
    procedures: dict[str, Procedure], calendar: CityCalendar, now: datetime, provide: Callable[..., None]
) -> None:
    copy = procedures["2.000815"]
    dossier = Dossier(
        id="d" * 32,
        procedure=copy.name,
        procedure_title=copy.title.vi,
        unit="units/26740",
        unit_title="Phường Sài Gòn",
        agency_code="H29.26740",
        applicant="accounts/" + "a" * 32,
        applicant_name="NGUYỄN THỊ AN",
        queue_time=now,
        form={"copy": {"paper": "Bằng", "pages": 1, "copies": 1, "many_papers": False}},
    )
    dossier.draft(copy, [])
    provide(dossier, copy, "1" * 32, "original", now)
    dossier.submit(copy, "H29.26740-261123-0001", [], now)
    dossier.accept(copy, calendar, "officers/1", now)
    assert dossier.finance_state.value == "unpaid"
    dossier.withdraw("đổi ý", now)
    assert dossier.finance_state.value == "not_due"
