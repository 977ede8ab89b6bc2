"""The dossier of a building permit from draft to handed-over result, over gRPC, MongoDB and the object store."""

from __future__ import annotations

import io
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest
import urllib3

from motcua.dossier.v1 import document_pb2
from motcua.dossier.v1 import dossier_pb2 as pb
from motcua_client import errors
from motcua_dossier.adapters.sequences import KEPT_DAYS
from motcua_kit.documents.verify import verify

Office = Any


def states(dossier: pb.Dossier) -> dict[str, str]:
    return {one.code: pb.Component.State.Name(one.state).removeprefix("STATE_") for one in dossier.components}


def test_a_draft_is_prefilled_and_asks_only_for_what_the_city_lacks(office: Office, people: SimpleNamespace) -> None:
    draft = office.citizen.CreateDossier(
        pb.CreateDossierRequest(dossier=pb.Dossier(procedure="procedures/1.013225", unit=people.ward))
    )
    assert draft.form["applicant"]["full_name"] == "NGUYỄN THỊ AN"
    assert draft.form["applicant"]["citizen_id"] == "079190012345"
    assert draft.form["land"]["parcel"] == people.parcel
    assert draft.form["works"]["lot_area_m2"] == 100.5
    assert states(draft)["land_paper"] == "REUSED"
    assert states(draft)["application_form"] == "FROM_FORM"
    assert states(draft)["site_plan"] == "MISSING"
    assert draft.components[1].source == "certificates/aa00123456"
    assert draft.state == pb.Dossier.STATE_DRAFT
    assert draft.code == ""
    assert office.peers.asked == [("GetAccount", "dossier.prefill"), ("ListHoldings", "dossier.prefill")]


def test_from_draft_to_result(office: Office, people: SimpleNamespace, pdf: bytes) -> None:
    submitted = office.submitted()
    assert submitted.code == "H29.26740-261123-0001"
    assert submitted.procedure_version == "2026-07-01"
    assert submitted.sync_state == pb.Dossier.SYNC_STATE_QUEUED

    accepted = office.receiver.AcceptDossier(pb.AcceptDossierRequest(name=submitted.name, etag=submitted.etag))
    assert accepted.receiver == people.receiver
    assert accepted.working_days == 7
    # Received on Monday 23/11; the 24th is a holiday: the seventh working day is Thursday 3/12.
    assert accepted.due_time.ToDatetime(UTC) == datetime(2026, 12, 3, 10, 0, tzinfo=UTC)
    event = next(one for one in office.running.events() if one["type"] == "dossier.accepted")
    assert event["data"]["form"]["works"]["storeys"] == 3
    assert event["data"]["parcel"] == people.parcel
    assert "applicant" not in event["data"]["form"]

    assert "dossier.slip_issued" in office.running.work()
    slip = office.get(submitted.name).slips[0]
    assert slip.form == "01"
    assert slip.number == f"{submitted.code}/01"

    processing = office.permits.StartProcessing(pb.StartProcessingRequest(name=submitted.name))
    assert processing.state == pb.Dossier.STATE_PROCESSING
    office.attach(submitted.name, pdf)
    completed = office.permits.CompleteDossier(pb.CompleteDossierRequest(name=submitted.name))
    assert completed.delivery_state == pb.Dossier.DELIVERY_STATE_READY
    result = completed.results[0]
    with pytest.raises(errors.NotFound):  # not handed over yet
        office.documents.GetDocument(document_pb2.GetDocumentRequest(name=result.document))

    assert office.running.work()[-1] == "dossier.delivered"
    returned = office.get(submitted.name)
    assert returned.state == pb.Dossier.STATE_RETURNED
    assert returned.delivery_state == pb.Dossier.DELIVERY_STATE_DELIVERED
    listed = office.documents.ListDocuments(document_pb2.ListDocumentsRequest(parent=people.an))
    assert {one.form for one in listed.documents} == {"01", "building_permit"}
    results = document_pb2.ListDocumentsRequest(
        parent=people.an, kind=document_pb2.Document.KIND_RESULT, dossier=submitted.name
    )
    assert [one.name for one in office.documents.ListDocuments(results).documents] == [result.document]
    link = office.documents.CreateDownload(document_pb2.CreateDownloadRequest(name=result.document))
    assert urllib3.request("GET", link.uri, timeout=30).data == pdf

    timeline = office.citizen.GetTimeline(pb.GetTimelineRequest(name=submitted.name))
    actions = [entry.action for entry in timeline.entries]
    assert actions[0] == "CreateDossier"
    assert [action for action in actions if action in {"SubmitDossier", "AcceptDossier", "StartProcessing"}] == [
        "SubmitDossier",
        "AcceptDossier",
        "StartProcessing",
    ]
    assert actions[-1] == "dossier.deliver_result"


def test_a_slip_is_a_signed_accessible_archive_pdf(office: Office, signing_files: Any) -> None:
    accepted = office.accepted()
    office.running.work()
    slip = office.get(accepted.name).slips[0]
    link = office.documents.CreateDownload(document_pb2.CreateDownloadRequest(name=slip.document))
    content = urllib3.request("GET", link.uri, timeout=30).data
    report = verify(content, signing_files["signing_chain_file"], time=office.clock())
    assert report.bottom_line
    assert report.reason == f"Giấy tiếp nhận hồ sơ và hẹn trả kết quả {slip.number}"
    with pikepdf.open(io.BytesIO(content)) as paper, paper.open_metadata() as metadata:
        assert metadata["pdfaid:part"] == "2"
        assert metadata["pdfaid:conformance"] == "A"
        assert metadata["pdfuaid:part"] == "1"


def test_each_day_goes_on_counting_when_clocks_differ_at_midnight(office: Office) -> None:
    assert office.submitted().code.endswith("-261123-0001")
    codes = []
    for days in (1, -1, 1, -1, 1):
        office.clock.move(timedelta(days=days))
        codes.append(office.submitted().code.partition("-")[2])
    assert codes == ["261124-0001", "261123-0002", "261124-0002", "261123-0003", "261124-0003"]


def test_a_day_that_nobody_counts_any_more_is_refused(office: Office) -> None:
    for _ in range(KEPT_DAYS + 2):
        office.submitted()
        office.clock.move(timedelta(days=1))
    office.clock.move(-timedelta(days=KEPT_DAYS + 2))
    with pytest.raises(errors.Internal):
        office.submitted()


def test_pressing_submit_often_gives_one_dossier_and_one_code(office: Office) -> None:
    draft = office.complete_draft()
    request = pb.SubmitDossierRequest(name=draft.name, request_id=str(uuid.uuid4()))
    first = office.citizen.SubmitDossier(request)
    assert office.citizen.SubmitDossier(request) == first
    again = office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name, request_id=str(uuid.uuid4())))
    assert again.code == first.code
    assert again.etag == first.etag
    assert [one["type"] for one in office.running.events()].count("dossier.submitted") == 1
    assert office.submitted().code == "H29.26740-261123-0002"


def test_numbers_start_anew_each_day(office: Office) -> None:
    assert office.submitted().code.endswith("-261123-0001")
    office.clock.move(timedelta(days=2))
    assert office.submitted().code.endswith("-261125-0001")


def test_creating_twice_under_one_request_id_makes_one_draft(office: Office, people: SimpleNamespace) -> None:
    request = pb.CreateDossierRequest(
        dossier=pb.Dossier(procedure="procedures/1.013225", unit=people.ward), request_id=str(uuid.uuid4())
    )
    assert office.citizen.CreateDossier(request) == office.citizen.CreateDossier(request)
    listed = office.citizen.ListDossiers(pb.ListDossiersRequest())
    assert len(listed.dossiers) == 1


def test_a_second_procedure_runs_from_its_file_alone(office: Office) -> None:
    """Certified copy: another form, other components, a fee by the page that must be paid before the end."""
    draft = office.draft(
        procedure="procedures/2.000815",
        form={"copy": {"paper": "Bằng tốt nghiệp", "pages": 5, "copies": 2, "many_papers": False}},
    )
    office.provide(draft.name, "original")
    office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name))
    accepted = office.receiver.AcceptDossier(pb.AcceptDossierRequest(name=draft.name))
    assert accepted.due_time.ToDatetime(UTC) == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert [charge.amount_vnd for charge in accepted.charges] == [14_000]
    assert accepted.finance_state == pb.Dossier.FINANCE_STATE_UNPAID
