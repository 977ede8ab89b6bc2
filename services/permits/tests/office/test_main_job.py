"""From the accepted dossier to the signed permit in it, over real servers."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from motcua.dossier.v1 import dossier_pb2
from motcua.permits.v1 import application_pb2 as pb
from motcua.permits.v1 import bylaw_pb2, permit_pb2
from motcua_client import NotFound
from motcua_kit.documents.verify import verify


def test_an_accepted_dossier_opens_a_checked_application(desk: Any, names: Any) -> None:
    name = desk.open()
    application = desk.get(name)
    assert application.state == pb.PermitApplication.STATE_UNDER_REVIEW
    assert application.awaited_role == pb.PermitApplication.AWAITED_ROLE_HANDLER
    assert (application.unit, application.parcel, application.receiver) == (names.ward, names.parcel, names.receiver)
    assert application.building_class == "III"
    assert application.rule_set.startswith("sha256:")
    assert application.proposal.has_stair_housing
    assert application.site.road_width_m == 12
    outcomes = {finding.rule_id: finding.outcome for finding in application.findings}
    assert outcomes["qcvn01-2021.house-density-existing-urban"] == bylaw_pb2.Finding.OUTCOME_INFO
    assert set(outcomes.values()) == {bylaw_pb2.Finding.OUTCOME_INFO}
    assert {condition.code for condition in application.checklist} == {
        "land_purpose",
        "planning",
        "safety",
        "corridors",
        "design",
        "dossier",
    }
    assert desk.around.dossiers.dossier.state == dossier_pb2.Dossier.STATE_PROCESSING


def test_an_approved_application_becomes_a_signed_permit_in_the_dossier(
    desk: Any, signing_files: dict[str, Path], names: Any
) -> None:
    name = desk.open()
    desk.grant(name)
    seen = desk.running.work()
    assert [one for one in seen if one != "access.recorded"] == ["application.approved", "permit.issued"]
    application = desk.get(name)
    assert application.state == pb.PermitApplication.STATE_ISSUED
    permit = desk.permit(application.permit)
    assert (permit.number, permit.sequence, permit.year) == ("0001/2026/GPXD", 1, 2026)
    assert (permit.issue_date.day, permit.start_before_date.year) == (23, 2027)
    assert permit.signer == names.leader
    assert permit.work.storeys_text == "4 tầng, tum thang"
    around = desk.around
    assert around.dossiers.dossier.state == dossier_pb2.Dossier.STATE_COMPLETED
    assert [(one.kind, one.number) for one in around.dossiers.dossier.results] == [
        ("building_permit", "0001/2026/GPXD")
    ]
    (pdf,) = around.dossiers.results
    assert hashlib.sha256(pdf).hexdigest() == permit.document_sha256
    report = verify(pdf, signing_files["signing_chain_file"], time=names.now + timedelta(hours=1))
    assert report.bottom_line
    assert report.reason == "Giấy phép xây dựng số 0001/2026/GPXD"
    assert around.identity.purposes == ["permit_issue"]


def test_anyone_verifies_a_permit_and_learns_nothing_personal(desk: Any) -> None:
    name = desk.open()
    desk.grant(name)
    desk.running.work()
    permit = desk.permit(desk.get(name).permit)
    found = desk.anyone.VerifyPermit(
        permit_pb2.VerifyPermitRequest(number=permit.number.lower(), code=permit.verification_code)
    )
    assert found.unit_display_name == "Phường Sài Gòn"
    assert found.document_sha256 == permit.document_sha256
    assert found.state == permit_pb2.Permit.STATE_ISSUED
    assert "Ngọc" not in str(found)
    assert "accounts/" not in str(found)
    for number, code in ((permit.number, "A" * 16), ("0002/2026/GPXD", permit.verification_code)):
        with pytest.raises(NotFound) as refused:
            desk.anyone.VerifyPermit(permit_pb2.VerifyPermitRequest(number=number, code=code))
        assert refused.value.reason == "VERIFICATION_FAILED"
        assert refused.value.localized_message.startswith("Không có giấy phép nào khớp")


def test_rules_stay_those_of_the_reception_day(desk: Any) -> None:
    name = desk.open()
    pinned = desk.get(name).rule_set
    desk.running.runtime.clock.move(timedelta(days=400))
    again = desk.handler.RunChecks(pb.RunChecksRequest(name=name))
    assert again.rule_set == pinned
    assert again.rules_date.year == 2026
    assert {finding.rule_id for finding in again.findings} == {finding.rule_id for finding in desk.get(name).findings}
    kept = desk.running.runtime.store.collection("rule_sets").find_one({"_id": pinned})
    assert kept is not None


def test_a_dossier_of_another_procedure_opens_nothing(desk: Any) -> None:
    desk.open(procedure="procedures/2.000815")
    assert desk.running.runtime.store.collection("permit_applications").count_documents({}) == 0


def test_a_parcel_the_register_does_not_know_leaves_the_handler_to_check(desk: Any) -> None:
    name = desk.open(parcel="parcels/zzzzzzzzzzzz")
    application = desk.get(name)
    assert application.state == pb.PermitApplication.STATE_UNDER_REVIEW
    setback = next(one for one in application.findings if one.rule_id == "qcvn01-2021.front-setback")
    assert setback.outcome == bylaw_pb2.Finding.OUTCOME_WARN
    assert not setback.HasField("limit")


def test_the_queue_of_a_role_is_in_the_order_of_due_dates_and_pages(desk: Any, names: Any) -> None:
    for digit, due in (("1", "2026-12-04"), ("2", "2026-12-02"), ("3", "2026-12-03")):
        desk.open(digit, due_time=f"{due}T10:00:00Z")
    desk.around.dossiers.dossier.ClearField("due_time")
    desk.grant(f"permitApplications/{'3' * 32}")

    def walk(**fields: Any) -> list[str]:
        found: list[str] = []
        token = ""
        while True:
            page = desk.handler.ListPermitApplications(
                pb.ListPermitApplicationsRequest(page_size=1, page_token=token, **fields)
            )
            found += [one.name[-1] for one in page.permit_applications]
            token = page.next_page_token
            if not token:
                return found

    handlers = pb.PermitApplication.AWAITED_ROLE_HANDLER
    assert sorted(walk(unit=names.ward)) == ["1", "2", "3"]
    assert len(walk(unit=names.ward, awaited_role=handlers)) == 2
    assert walk(dossier=f"dossiers/{'1' * 32}") == ["1"]
    assert walk(handler=names.handler) == ["3"]
    assert walk(unit="units/26743") == []


def test_who_reads_an_application_is_told_to_the_applicant(desk: Any, names: Any) -> None:
    name = desk.open()
    desk.get(name)
    reads = [event for event in desk.running.events() if event["type"] == "access.recorded"]
    assert [(one["data"]["person"], one["data"]["reader"], one["data"]["resource"]) for one in reads] == [
        (names.account, names.handler, name)
    ]


def test_the_handlers_are_those_of_the_topology(desk: Any) -> None:
    running = desk.running
    assert running.app.tasks.names == set(running.runtime.topology.tasks_of("permits"))
