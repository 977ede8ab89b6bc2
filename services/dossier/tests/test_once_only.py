"""What the City holds is linked, and asking for it is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from motcua.dossier.v1 import dossier_pb2 as pb
from motcua_client import errors

Office = Any


def land_paper(dossier: pb.Dossier) -> pb.Component:
    return next(component for component in dossier.components if component.code == "land_paper")


def test_a_file_for_what_the_city_holds_is_refused(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.prepare(draft.name, "land_paper", pdf)
    assert refused.value.reason == "COMPONENT_HELD_BY_CITY"
    assert refused.value.metadata["source"] == "certificates/aa00123456"
    assert "Thành phố đã có «Giấy tờ chứng minh quyền sử dụng đất»" in refused.value.localized_message
    assert office.get(draft.name).etag == draft.etag


def test_no_officer_may_ask_for_what_the_city_holds(office: Office) -> None:
    dossier = office.processing()
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.ask(dossier.name, "land_paper")
    assert refused.value.reason == "COMPONENT_HELD_BY_CITY"
    unchanged = office.get(dossier.name)
    assert unchanged.state == pb.Dossier.STATE_PROCESSING
    assert not unchanged.HasField("supplement")


def test_a_parcel_without_certificate_needs_a_paper(office: Office, people: SimpleNamespace, pdf: bytes) -> None:
    office.peers.holdings = [people.holding(people.parcel, "")]
    draft = office.complete_draft()
    assert land_paper(draft).state == pb.Component.STATE_MISSING
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name))
    assert refused.value.reason == "COMPONENT_MISSING"
    office.provide(draft.name, "land_paper", pdf)
    assert office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name)).state == pb.Dossier.STATE_SUBMITTED


def test_a_paper_that_the_city_no_longer_holds_is_missing_when_the_draft_is_submitted(
    office: Office, people: SimpleNamespace
) -> None:
    draft = office.complete_draft()
    office.peers.holdings = [people.holding("parcels/w3gvk1ck0999", "AA 00999999")]  # sold since
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name))
    assert refused.value.reason == "COMPONENT_MISSING"
    assert office.get(draft.name).etag == draft.etag
    assert ("ListHoldings", "dossier.submit") in office.peers.asked


def test_the_city_does_not_guess_between_two_parcels(office: Office, people: SimpleNamespace) -> None:
    office.peers.holdings = [
        people.holding(people.parcel, "AA 00123456"),
        people.holding(people.other_parcel, "BB 00654321"),
    ]
    draft = office.citizen.CreateDossier(
        pb.CreateDossierRequest(dossier=pb.Dossier(procedure="procedures/1.013225", unit=people.ward))
    )
    assert "land" not in draft.form
    assert land_paper(draft).state == pb.Component.STATE_MISSING

    draft.form.update({"land": {"parcel": people.other_parcel}})
    chosen = office.citizen.UpdateDossier(pb.UpdateDossierRequest(dossier=draft))
    assert land_paper(chosen).source == "certificates/bb00654321"
    chosen.form.update({"land": {"parcel": people.parcel}})
    changed = office.citizen.UpdateDossier(pb.UpdateDossierRequest(dossier=chosen))
    assert land_paper(changed).source == "certificates/aa00123456"


def test_a_parcel_elsewhere_is_not_filled_in(office: Office, people: SimpleNamespace) -> None:
    office.peers.holdings = [people.holding(people.parcel, "AA 00123456", people.other_ward)]
    draft = office.citizen.CreateDossier(
        pb.CreateDossierRequest(dossier=pb.Dossier(procedure="procedures/1.013225", unit=people.ward))
    )
    assert "land" not in draft.form


def test_a_paper_is_linked_by_hand_only_when_the_person_holds_it(office: Office, people: SimpleNamespace) -> None:
    office.peers.holdings = [people.holding(people.parcel, "AA 00123456", people.other_ward)]
    draft = office.citizen.CreateDossier(
        pb.CreateDossierRequest(dossier=pb.Dossier(procedure="procedures/1.013225", unit=people.ward))
    )
    linked = office.citizen.ReuseComponent(
        pb.ReuseComponentRequest(name=draft.name, component="land_paper", source="certificates/aa00123456")
    )
    assert land_paper(linked).state == pb.Component.STATE_REUSED

    for component, source, reason in (
        ("land_paper", "certificates/zz99999999", "SOURCE_NOT_HELD"),
        ("land_paper", "documents/" + "0" * 32, "SOURCE_NOT_HELD"),
        ("site_plan", "certificates/aa00123456", "COMPONENT_NOT_REUSABLE"),
    ):
        with pytest.raises(errors.PreconditionFailed) as refused:
            office.citizen.ReuseComponent(pb.ReuseComponentRequest(name=draft.name, component=component, source=source))
        assert refused.value.reason == reason
    assert office.get(draft.name).etag == linked.etag


def test_what_a_register_decides_the_applicant_does_not(office: Office) -> None:
    draft = office.draft()
    draft.form["applicant"]["full_name"] = "NGƯỜI KHÁC"
    draft.form["applicant"]["citizen_id"] = "079190099999"
    draft.form["applicant"]["phone"] = "0912345678"
    changed = office.citizen.UpdateDossier(pb.UpdateDossierRequest(dossier=draft))
    assert changed.form["applicant"]["full_name"] == "NGUYỄN THỊ AN"
    assert changed.form["applicant"]["citizen_id"] == "079190012345"
    assert changed.form["applicant"]["phone"] == "0912345678"
