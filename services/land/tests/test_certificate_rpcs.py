from collections.abc import Callable
from typing import Any

import pytest
from google.type.date_pb2 import Date

from motcua.land.v1 import certificates_pb2 as pb
from motcua.land.v1 import parcels_pb2
from motcua.land.v1.certificates_pb2_grpc import CertificateServiceStub
from motcua_client.errors import Forbidden, NotFound, Unavailable, ValidationFailed
from motcua_kit.mapping import unmapped
from motcua_kit.testing import RunningService, citizen, officer, service_caller
from motcua_land.adapters.register_files import Register
from motcua_land.domain.certificate import Certificate, CertificateParcel
from motcua_land.domain.parcel import Ownership, Parcel
from motcua_land.domain.rights import RightHolder, RightKind

KHAI, BINH, STRANGER = "079185001234", "079090004321", "001188000009"
KHAI_ACCOUNT = f"accounts/{'a' * 32}"


@pytest.fixture
def titles(land: RunningService) -> CertificateServiceStub:
    """Certificates as the dossier service sees them."""
    return land.call(CertificateServiceStub, service_caller("dossier"))


@pytest.fixture
def home(excerpt: Register) -> Parcel:
    """The parcel of the applicant of the main job."""
    return next(parcel for parcel in excerpt.parcels if KHAI in parcel.users)


def reads(land: RunningService) -> list[dict[str, Any]]:
    return [event["data"] for event in land.events() if event["type"] == "access.recorded"]


@pytest.mark.parametrize("typed", ["AA 00012345", "aa00012345", " Aa  000 12345 "])
def test_a_serial_is_found_in_any_spelling(titles: CertificateServiceStub, home: Parcel, typed: str) -> None:
    found = titles.LookupCertificate(pb.LookupCertificateRequest(serial=typed))
    assert (found.name, found.serial) == ("certificates/aa00012345", "AA 00012345")
    assert (found.form, found.state) == (pb.Certificate.FORM_LAW_2024, pb.Certificate.STATE_VALID)
    assert found.issue_date == Date(year=2025, month=3, day=17)
    assert [(holder.display_name, holder.citizen_id) for holder in found.holders] == [("Nguyễn Thị Minh Khai", KHAI)]
    assert [(line.parcel, line.area_m2) for line in found.parcels] == [(home.name, 100.0)]
    assert found.parcels[0].land_uses[0].display_name == "Đất ở tại đô thị"
    assert (found.mortgaged, found.restricted) == (False, False)
    assert titles.GetCertificate(pb.GetCertificateRequest(name=found.name)) == found


def test_a_certificate_says_whether_its_land_is_mortgaged(titles: CertificateServiceStub) -> None:
    assert titles.LookupCertificate(pb.LookupCertificateRequest(serial="AA 00054321")).mortgaged


def test_every_field_is_mapped() -> None:
    assert unmapped(Certificate, pb.Certificate) == {"mortgaged", "restricted"}
    assert unmapped(CertificateParcel, pb.CertificateParcel) == set()
    assert unmapped(RightHolder, parcels_pb2.RightHolder) == set()
    assert unmapped(Ownership, pb.Ownership) == {"obstacles"}


@pytest.mark.parametrize("serial", ["AA 99999999", "Đ 0000001"])
def test_a_serial_that_nobody_holds(titles: CertificateServiceStub, serial: str) -> None:
    with pytest.raises(NotFound) as error:
        titles.LookupCertificate(pb.LookupCertificateRequest(serial=serial))
    assert error.value.reason == "CERTIFICATE_NOT_FOUND"


def test_what_is_no_serial(titles: CertificateServiceStub) -> None:
    with pytest.raises(ValidationFailed) as error:
        titles.LookupCertificate(pb.LookupCertificateRequest(serial="sổ đỏ 123"))
    assert error.value.reason == "CERTIFICATE_SERIAL_INVALID"
    assert "“sổ đỏ 123”" in error.value.localized_message


def test_holdings_of_a_person(titles: CertificateServiceStub, home: Parcel) -> None:
    (holding,) = titles.ListHoldings(pb.ListHoldingsRequest(citizen_id=KHAI)).holdings
    assert (holding.parcel.name, holding.certificate_serial) == (home.name, "AA 00012345")
    assert holding.certificate_issue_date == Date(year=2025, month=3, day=17)
    assert (holding.right.kind, holding.right.holders[0].citizen_id) == (parcels_pb2.Right.KIND_USE, KHAI)
    assert not holding.encumbrances


def test_holdings_come_with_their_encumbrances(titles: CertificateServiceStub) -> None:
    (holding,) = titles.ListHoldings(pb.ListHoldingsRequest(citizen_id=BINH)).holdings
    assert [right.kind for right in holding.encumbrances] == [parcels_pb2.Right.KIND_MORTGAGE]
    assert holding.encumbrances[0].holders[0].display_name == "Ngân hàng TMCP Mẫu Phương Nam"


def test_who_holds_several_parcels_gets_them_page_by_page(
    titles: CertificateServiceStub, register: Register, add: Callable[[Register], None]
) -> None:
    by_person: dict[str, list[Parcel]] = {}
    for parcel in register.parcels:
        for user in parcel.users:
            by_person.setdefault(user, []).append(parcel)
    person, held = max(by_person.items(), key=lambda item: len(item[1]))
    assert len(held) > 1
    add(Register(held, [], []))
    asked = pb.ListHoldingsRequest(citizen_id=person, page_size=1)
    found = []
    while True:
        page = titles.ListHoldings(asked)
        found += [holding.parcel.name for holding in page.holdings]
        if not page.next_page_token:
            break
        asked.page_token = page.next_page_token
    assert found == sorted(parcel.name for parcel in held)


def test_who_holds_nothing(titles: CertificateServiceStub) -> None:
    assert not titles.ListHoldings(pb.ListHoldingsRequest(citizen_id=STRANGER)).holdings


def test_the_holder_owns_and_nothing_stands_in_the_way(titles: CertificateServiceStub, home: Parcel) -> None:
    ownership = titles.CheckOwnership(pb.CheckOwnershipRequest(parcel=home.name, citizen_id=KHAI))
    assert (ownership.holds, ownership.sole, ownership.certificate) == (True, True, "certificates/aa00012345")
    assert (ownership.mortgaged, ownership.restricted, list(ownership.obstacles)) == (False, False, [])


def test_somebody_else_does_not_own(titles: CertificateServiceStub, home: Parcel) -> None:
    ownership = titles.CheckOwnership(pb.CheckOwnershipRequest(parcel=home.name, citizen_id=BINH))
    assert (ownership.holds, ownership.certificate) == (False, "")


def test_what_stands_in_the_way_is_said_in_words(titles: CertificateServiceStub, excerpt: Register) -> None:
    land = next(parcel for parcel in excerpt.parcels if BINH in parcel.users)
    ownership = titles.CheckOwnership(pb.CheckOwnershipRequest(parcel=land.name, citizen_id=BINH))
    (sentence,) = ownership.obstacles
    assert (ownership.holds, ownership.mortgaged, ownership.restricted) == (True, True, False)
    assert "Ngân hàng TMCP Mẫu Phương Nam" in sentence
    mortgage = next(right for right in land.encumbrances if right.kind is RightKind.MORTGAGE)
    assert mortgage.source_document in sentence


def test_ownership_of_a_parcel_that_is_not_there(titles: CertificateServiceStub) -> None:
    with pytest.raises(NotFound) as error:
        titles.CheckOwnership(pb.CheckOwnershipRequest(parcel="parcels/w3gvk1ck0998", citizen_id=KHAI))
    assert error.value.reason == "PARCEL_NOT_FOUND"


@pytest.mark.parametrize("citizen_id", ["", "07918500123", "07918500123x"])
def test_what_is_no_personal_number(titles: CertificateServiceStub, home: Parcel, citizen_id: str) -> None:
    with pytest.raises(ValidationFailed):
        titles.ListHoldings(pb.ListHoldingsRequest(citizen_id=citizen_id))
    with pytest.raises(ValidationFailed):
        titles.CheckOwnership(pb.CheckOwnershipRequest(parcel=home.name, citizen_id=citizen_id))


def test_each_read_is_told_to_the_person(land: RunningService, titles: CertificateServiceStub, home: Parcel) -> None:
    titles.ListHoldings(pb.ListHoldingsRequest(citizen_id=KHAI, purpose="dossier.prefill"))
    titles.LookupCertificate(pb.LookupCertificateRequest(serial="AA 00012345"))
    titles.CheckOwnership(pb.CheckOwnershipRequest(parcel=home.name, citizen_id=KHAI))
    told = reads(land)
    assert {entry["person"] for entry in told} == {KHAI_ACCOUNT}
    assert {entry["reader"] for entry in told} == {"services/dossier"}
    assert sorted((entry["purpose"], entry["resource"]) for entry in told) == [
        ("CheckOwnership", home.name),
        ("LookupCertificate", "certificates/aa00012345"),
        ("dossier.prefill", home.name),
    ]
    assert KHAI not in str(told)


def test_an_account_that_the_caller_knows_is_not_looked_up(
    land: RunningService, titles: CertificateServiceStub, identity: Any
) -> None:
    titles.ListHoldings(pb.ListHoldingsRequest(citizen_id=KHAI, account=KHAI_ACCOUNT))
    assert identity.asked == []
    assert [entry["person"] for entry in reads(land)] == [KHAI_ACCOUNT]


def test_accounts_are_remembered_and_people_without_one_asked_again(
    land: RunningService, titles: CertificateServiceStub, home: Parcel, identity: Any
) -> None:
    for _ in range(2):
        titles.CheckOwnership(pb.CheckOwnershipRequest(parcel=home.name, citizen_id=KHAI))
        titles.CheckOwnership(pb.CheckOwnershipRequest(parcel=home.name, citizen_id=STRANGER))
    assert identity.asked == [KHAI, STRANGER, STRANGER]
    assert len(reads(land)) == 2


def test_a_read_that_cannot_be_told_does_not_happen(
    land: RunningService, titles: CertificateServiceStub, identity: Any
) -> None:
    identity.answers = False
    with pytest.raises(Unavailable) as error:
        titles.ListHoldings(pb.ListHoldingsRequest(citizen_id=KHAI))
    assert error.value.reason == "DEPENDENCY_DOWN"
    assert reads(land) == []


def test_officers_look_up_certificates_of_their_own_ward_only(land: RunningService) -> None:
    asked = pb.LookupCertificateRequest(serial="AA 00012345")
    assert land.call(CertificateServiceStub, officer("handler", "units/26740")).LookupCertificate(asked).name
    with pytest.raises(NotFound) as error:
        land.call(CertificateServiceStub, officer("handler", "units/27439")).LookupCertificate(asked)
    assert error.value.reason == "CERTIFICATE_NOT_FOUND"


@pytest.mark.parametrize("caller", [citizen(), officer("handler"), service_caller("notify")], ids=str)
def test_holdings_are_for_the_two_services_that_need_them(land: RunningService, caller: Any) -> None:
    with pytest.raises(Forbidden):
        land.call(CertificateServiceStub, caller).ListHoldings(pb.ListHoldingsRequest(citizen_id=KHAI))
    assert reads(land) == []
