"""The gRPC end: accounts, organisations, officers, units and the access log."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.date_pb2 import Date

from motcua.identity.v1 import access_pb2, account_pb2, errors_pb2, officer_pb2, organisation_pb2, unit_pb2
from motcua.identity.v1.access_pb2_grpc import AccessServiceStub
from motcua.identity.v1.account_pb2_grpc import AccountServiceStub
from motcua.identity.v1.officer_pb2_grpc import OfficerServiceStub
from motcua.identity.v1.organisation_pb2_grpc import OrganisationServiceStub
from motcua.identity.v1.unit_pb2_grpc import UnitServiceStub
from motcua_client.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    MotcuaError,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    ValidationFailed,
)
from motcua_identity.bootstrap import SERVICE
from motcua_identity.domain.access_entry import AccessEntry
from motcua_identity.domain.account import Account, AssuranceLevel, EidIdentity
from motcua_identity.domain.citizen_id import CitizenId, Sex
from motcua_identity.domain.officer import Officer, Role
from motcua_identity.domain.organisation import Organisation
from motcua_identity.domain.unit import Unit, UnitType
from motcua_kit.access import Caller
from motcua_kit.mapping import unmapped
from motcua_kit.testing import RunningService, citizen, officer, service_caller

CITIZEN_ID = "079185001234"
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
ADMIN = officer("system_admin", "units/ubnd-tphcm")


@pytest.fixture
def running(serve: Callable[..., RunningService], service_settings: dict[str, Any]) -> RunningService:
    return serve(SERVICE, **service_settings)


@pytest.fixture
def khai(running: RunningService) -> Caller:
    """A person with an account, opened as the e-ID sign-in does."""
    account = running.app.servicers[0].implementation._app.sign_in(identity_of(CITIZEN_ID, "eid-1"))  # type: ignore[attr-defined]
    return citizen(f"accounts/{account.id}")


def identity_of(number: str, subject: str) -> EidIdentity:
    known = CitizenId.parse(number)
    return EidIdentity(
        issuer="https://eid.example",
        subject=subject,
        level=AssuranceLevel.TWO,
        citizen_id=known,
        full_name="Nguyễn Thị Minh Khai",
        birth_date=date(known.birth_year, 4, 12),
        sex=known.sex,
        address="Số 12 Đường Hoa Sứ",
        address_unit="units/26740",
        phone="+84901230001",
        email="minhkhai@example.com",
    )


def refused(kind: type[MotcuaError], reason: str, call: Callable[..., Any], *arguments: Any) -> MotcuaError:
    with pytest.raises(kind) as error:
        call(*arguments)
    assert error.value.reason == reason
    assert error.value.localized_message
    assert not error.value.localized_message.endswith(f"({reason}).")
    return error.value


def test_people_read_their_own_account(running: RunningService, khai: Caller) -> None:
    account = running.call(AccountServiceStub, khai).GetAccount(account_pb2.GetAccountRequest(name=khai.name))
    assert (account.name, account.citizen_id, account.full_name) == (khai.name, CITIZEN_ID, "Nguyễn Thị Minh Khai")
    assert (account.birth_date, account.sex) == (Date(year=1985, month=4, day=12), account_pb2.SEX_FEMALE)
    assert (account.address_unit, account.phone) == ("units/26740", "+84901230001")
    assert (account.locale, account.assurance_level) == ("vi", account_pb2.ASSURANCE_LEVEL_TWO)
    assert account.etag == '"1"'
    assert account.HasField("verified_time")
    log = running.call(AccessServiceStub, khai).ListAccessEntries(access_pb2.ListAccessEntriesRequest(parent=khai.name))
    assert list(log.access_entries) == []


def test_another_persons_account_does_not_seem_to_exist(running: RunningService, khai: Caller) -> None:
    stranger = running.call(AccountServiceStub, citizen(f"accounts/{uuid.uuid4().hex}"))
    for name in (khai.name, f"accounts/{uuid.uuid4().hex}"):
        refused(NotFound, "NOT_FOUND", stranger.GetAccount, account_pb2.GetAccountRequest(name=name))
    refused(
        Forbidden, "PERMISSION_DENIED", running.call(AccountServiceStub, khai).LookupAccount,
        account_pb2.LookupAccountRequest(citizen_id=CITIZEN_ID),
    )  # fmt: skip


def test_a_service_reads_an_account_and_the_person_sees_it(running: RunningService, khai: Caller) -> None:
    accounts = running.call(AccountServiceStub, service_caller("dossier"))
    assert accounts.GetAccount(account_pb2.GetAccountRequest(name=khai.name, purpose="prefill")).phone
    assert accounts.LookupAccount(account_pb2.LookupAccountRequest(citizen_id=CITIZEN_ID)).name == khai.name
    refused(NotFound, "NOT_FOUND", accounts.LookupAccount, account_pb2.LookupAccountRequest(citizen_id="079185009999"))
    log = running.call(AccessServiceStub, khai).ListAccessEntries(access_pb2.ListAccessEntriesRequest(parent=khai.name))
    assert {(entry.reader, entry.purpose, entry.resource) for entry in log.access_entries} == {
        ("services/dossier", "prefill", khai.name),
        ("services/dossier", "LookupAccount", khai.name),
    }
    assert "citizen_id" in log.access_entries[0].fields


def test_contact_data_is_the_persons_own(running: RunningService, khai: Caller) -> None:
    accounts = running.call(AccountServiceStub, khai)
    changed = accounts.UpdateAccount(
        account_pb2.UpdateAccountRequest(
            account=account_pb2.Account(name=khai.name, phone="090 123 45 67", email="Khai@EXAMPLE.com", locale="en")
        )
    )
    assert (changed.phone, changed.email, changed.locale) == ("+84901234567", "Khai@example.com", "en")
    cleared = accounts.UpdateAccount(
        account_pb2.UpdateAccountRequest(
            account=account_pb2.Account(name=khai.name, etag=changed.etag), update_mask=FieldMask(paths=["email"])
        )
    )
    assert (cleared.email, cleared.phone) == ("", "+84901234567")


@pytest.mark.parametrize(
    ("fields", "mask", "reason"),
    [
        ({"phone": "12"}, [], "PHONE_INVALID"),
        ({"phone": "điện thoại"}, [], "PHONE_INVALID"),
        ({"email": "not-an-address"}, [], "EMAIL_INVALID"),
        ({"locale": "fr"}, [], "LOCALE_UNSUPPORTED"),
        ({"full_name": "Somebody Else"}, ["full_name"], "FIELD_NOT_UPDATABLE"),
        ({}, ["no_such_field"], "FIELD_NOT_UPDATABLE"),
        ({"phone": "0" * 21}, [], "REQUEST_INVALID"),
    ],
)
def test_bad_contact_data_changes_nothing(
    running: RunningService, khai: Caller, fields: dict[str, Any], mask: list[str], reason: str
) -> None:
    accounts = running.call(AccountServiceStub, khai)
    before = accounts.GetAccount(account_pb2.GetAccountRequest(name=khai.name))
    request = account_pb2.UpdateAccountRequest(
        account=account_pb2.Account(name=khai.name, **fields), update_mask=FieldMask(paths=mask)
    )
    assert refused(ValidationFailed, reason, accounts.UpdateAccount, request).violations
    assert accounts.GetAccount(account_pb2.GetAccountRequest(name=khai.name)) == before


def test_a_stale_etag_and_a_repeated_request(running: RunningService, khai: Caller) -> None:
    accounts = running.call(AccountServiceStub, khai)
    request = account_pb2.UpdateAccountRequest(
        account=account_pb2.Account(name=khai.name, locale="en", etag='"1"'), request_id=str(uuid.uuid4())
    )
    first = accounts.UpdateAccount(request)
    assert accounts.UpdateAccount(request) == first
    other = account_pb2.UpdateAccountRequest()
    other.CopyFrom(request)
    other.account.locale = "vi"
    refused(ValidationFailed, "REQUEST_ID_REUSED", accounts.UpdateAccount, other)
    other.request_id = str(uuid.uuid4())
    refused(Conflict, "ETAG_MISMATCH", accounts.UpdateAccount, other)


def test_one_number_is_one_account_whatever_subject_the_e_id_gives(running: RunningService, khai: Caller) -> None:
    app = running.app.servicers[0].implementation._app  # type: ignore[attr-defined]
    again = app.sign_in(identity_of(CITIZEN_ID, "eid-2"))
    assert (f"accounts/{again.id}", again.link.subject, again.version) == (khai.name, "eid-2", 2)
    with pytest.raises(Exception, match="EID_SUBJECT_CONFLICT"):
        app.sign_in(identity_of("079185001235", "eid-2"))
    assert again.phone == "+84901230001"


def test_facts_that_contradict_the_number_open_no_account(running: RunningService) -> None:
    app = running.app.servicers[0].implementation._app  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="CITIZEN_ID_BIRTH_YEAR_MISMATCH"):
        app.sign_in(replace(identity_of(CITIZEN_ID, "eid-1"), birth_date=date(1999, 4, 12)))
    dossier = running.call(AccountServiceStub, service_caller("dossier"))
    refused(NotFound, "NOT_FOUND", dossier.LookupAccount, account_pb2.LookupAccountRequest(citizen_id=CITIZEN_ID))


def test_organisations(running: RunningService, khai: Caller) -> None:
    mine = running.call(OrganisationServiceStub, khai)
    wanted = organisation_pb2.Organisation(
        tax_code="0300588569", display_name="Công ty Mẫu", address="Phường Sài Gòn", representative=khai.name
    )
    created = mine.CreateOrganisation(organisation_pb2.CreateOrganisationRequest(organisation=wanted))
    assert mine.GetOrganisation(organisation_pb2.GetOrganisationRequest(name=created.name)) == created
    assert list(mine.ListOrganisations(organisation_pb2.ListOrganisationsRequest()).organisations) == [created]
    refused(
        AlreadyExists, "ORGANISATION_EXISTS", mine.CreateOrganisation,
        organisation_pb2.CreateOrganisationRequest(organisation=wanted),
    )  # fmt: skip
    stranger = running.call(OrganisationServiceStub, citizen(f"accounts/{uuid.uuid4().hex}"))
    assert not stranger.ListOrganisations(organisation_pb2.ListOrganisationsRequest()).organisations
    refused(NotFound, "NOT_FOUND", stranger.GetOrganisation, organisation_pb2.GetOrganisationRequest(name=created.name))
    refused(
        NotFound, "NOT_FOUND", stranger.CreateOrganisation,
        organisation_pb2.CreateOrganisationRequest(organisation=wanted),
    )  # fmt: skip
    wanted.tax_code = "0100233480"
    refused(
        ValidationFailed, "TAX_CODE_INVALID", mine.CreateOrganisation,
        organisation_pb2.CreateOrganisationRequest(organisation=wanted),
    )  # fmt: skip
    wanted.tax_code, wanted.representative = "0100233488", f"accounts/{uuid.uuid4().hex}"
    refused(
        PreconditionFailed, "REPRESENTATIVE_NOT_FOUND", running.call(OrganisationServiceStub, ADMIN).CreateOrganisation,
        organisation_pb2.CreateOrganisationRequest(organisation=wanted),
    )  # fmt: skip


def appointment(name: str, **changes: Any) -> officer_pb2.AppointOfficerRequest:
    post = {"unit": "units/26740", "role": officer_pb2.ROLE_HANDLER, "start_date": Date(year=2026, month=1, day=1)}
    return officer_pb2.AppointOfficerRequest(name=name, post=officer_pb2.Post(**{**post, **changes}))


def test_officers_and_their_posts(running: RunningService) -> None:
    officers = running.call(OfficerServiceStub, ADMIN)
    request = officer_pb2.CreateOfficerRequest(
        officer=officer_pb2.Officer(username="lan.le", full_name="Lê Thị Lan", title="Chuyên viên"),
        request_id=str(uuid.uuid4()),
    )
    created = officers.CreateOfficer(request)
    assert officers.CreateOfficer(request) == created
    request.request_id = ""
    refused(AlreadyExists, "OFFICER_EXISTS", officers.CreateOfficer, request)
    appointed = officers.AppointOfficer(appointment(created.name))
    (post,) = appointed.posts
    assert (post.unit, post.role, post.start_date) == (
        "units/26740",
        officer_pb2.ROLE_HANDLER,
        Date(year=2026, month=1, day=1),
    )
    assert not post.HasField("end_date")
    refused(PreconditionFailed, "POST_OVERLAPS", officers.AppointOfficer, appointment(created.name))
    ended = officers.EndPost(
        officer_pb2.EndPostRequest(name=created.name, post_id=post.post_id, end_date=Date(year=2026, month=11, day=20))
    )
    assert ended.posts[0].end_date == Date(year=2026, month=11, day=20)
    refused(
        PreconditionFailed, "POST_ENDED", officers.EndPost,
        officer_pb2.EndPostRequest(name=created.name, post_id=post.post_id, end_date=Date(year=2027, month=1, day=1)),
    )  # fmt: skip
    head = running.call(OfficerServiceStub, officer("unit_head", "units/26740"))
    assert [one.username for one in head.ListOfficers(officer_pb2.ListOfficersRequest()).officers] == ["lan.le"]
    elsewhere = running.call(OfficerServiceStub, officer("unit_head", "units/26743"))
    assert not elsewhere.ListOfficers(officer_pb2.ListOfficersRequest()).officers
    refused(Forbidden, "PERMISSION_DENIED", head.AppointOfficer, appointment(created.name, unit="units/26743"))


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"unit": "units/99999"}, NotFound, "UNIT_NOT_FOUND"),
        ({"unit": "units/760"}, PreconditionFailed, "UNIT_NOT_IN_FORCE"),
        ({"role": officer_pb2.ROLE_UNSPECIFIED}, ValidationFailed, "REQUEST_INVALID"),
        ({"start_date": Date(year=2026, month=2, day=30)}, ValidationFailed, "REQUEST_INVALID"),
        ({"end_date": Date(year=2025, month=12, day=31)}, ValidationFailed, "POST_PERIOD_INVALID"),
    ],
)
def test_a_post_that_cannot_be(
    running: RunningService, changes: dict[str, Any], kind: type[MotcuaError], reason: str
) -> None:
    officers = running.call(OfficerServiceStub, ADMIN)
    created = officers.CreateOfficer(
        officer_pb2.CreateOfficerRequest(officer=officer_pb2.Officer(username="lan.le", full_name="Lê Thị Lan"))
    )
    refused(kind, reason, officers.AppointOfficer, appointment(created.name, **changes))
    assert officers.GetOfficer(officer_pb2.GetOfficerRequest(name=created.name)) == created


def test_units_are_public_and_as_of_a_day(running: RunningService) -> None:
    units = running.call(UnitServiceStub)
    today = units.GetUnit(unit_pb2.GetUnitRequest(name="units/26740"))
    assert (today.display_name, today.parent, today.agency_code) == ("Phường Sài Gòn", "units/79", "H29.26740")
    assert "units/26740" in today.predecessors
    assert today.centroid.latitude == pytest.approx(10.78, abs=0.05)
    before = units.GetUnit(unit_pb2.GetUnitRequest(name="units/26740", as_of_date=Date(year=2025, month=6, day=30)))
    assert (before.display_name, list(before.successors)) == ("Phường Bến Nghé", ["units/26740"])
    split = units.ResolveUnit(unit_pb2.ResolveUnitRequest(name="units/26746"))
    assert (split.ambiguous, [unit.name for unit in split.units]) == (True, ["units/26740", "units/26743"])
    refused(NotFound, "UNIT_NOT_FOUND", units.GetUnit, unit_pb2.GetUnitRequest(name="units/99999"))
    refused(PreconditionFailed, "UNIT_NOT_IN_FORCE", units.GetUnit, unit_pb2.GetUnitRequest(name="units/760"))


def test_pages_walk_over_all_wards(running: RunningService) -> None:
    units = running.call(UnitServiceStub)
    request = unit_pb2.ListUnitsRequest(parent="units/79", page_size=50)
    seen: list[str] = []
    while True:
        page = units.ListUnits(request)
        seen += [unit.code for unit in page.units if unit.type != unit_pb2.UNIT_TYPE_AGENCY]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert len(seen) == len(set(seen)) == 168
    assert seen == sorted(seen)
    request.page_token = units.ListUnits(unit_pb2.ListUnitsRequest(parent="units/79", page_size=50)).next_page_token
    request.query = "phường"
    refused(ValidationFailed, "PAGE_TOKEN_INVALID", units.ListUnits, request)


def test_reads_that_other_services_report_reach_the_person_once(running: RunningService, khai: Caller) -> None:
    event = {
        "id": "access_records/1@1.0",
        "type": "access.recorded",
        "subject": "access_records/1",
        "time": NOON,
        "data": {
            "person": khai.name,
            "reader": "officers/lan",
            "on_behalf_of": "",
            "purpose": "GetDossier",
            "resource": "dossiers/1",
            "fields": ["full_name"],
        },
    }
    running.receive("identity.record_access", event)
    running.receive("identity.record_access", event)
    mine = running.call(AccessServiceStub, khai)
    (entry,) = mine.ListAccessEntries(access_pb2.ListAccessEntriesRequest(parent=khai.name)).access_entries
    assert (entry.reader, entry.resource, list(entry.fields)) == ("officers/lan", "dossiers/1", ["full_name"])
    assert entry.name.startswith(f"{khai.name}/accessEntries/")
    assert entry.read_time.ToDatetime(tzinfo=UTC) == NOON
    stranger = running.call(AccessServiceStub, citizen(f"accounts/{uuid.uuid4().hex}"))
    refused(NotFound, "NOT_FOUND", stranger.ListAccessEntries, access_pb2.ListAccessEntriesRequest(parent=khai.name))


def test_without_a_token_only_units_answer(running: RunningService) -> None:
    name = f"accounts/{uuid.uuid4().hex}"
    refused(
        NotAuthenticated, "TOKEN_MISSING", running.call(AccountServiceStub).GetAccount,
        account_pb2.GetAccountRequest(name=name),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "message", "exceptions"),
    [
        (Account, account_pb2.Account, ["name", "verified_time"]),
        (Organisation, organisation_pb2.Organisation, ["name"]),
        (Officer, officer_pb2.Officer, ["name"]),
        (AccessEntry, access_pb2.AccessEntry, []),
        (Unit, unit_pb2.Unit, ["parent", "predecessors", "successors", "valid_from_date", "valid_to_date"]),
    ],
)
def test_every_field_of_a_message_is_filled(cls: type, message: Any, exceptions: list[str]) -> None:
    assert unmapped(cls, message, *exceptions) == set()


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (Role, officer_pb2.Role, "ROLE_"),
        (UnitType, unit_pb2.UnitType, "UNIT_TYPE_"),
        (Sex, account_pb2.Sex, "SEX_"),
        (AssuranceLevel, account_pb2.AssuranceLevel, "ASSURANCE_LEVEL_"),
    ],
)
def test_enums_agree_with_the_contract(ours: Any, theirs: Any, prefix: str) -> None:
    names = {name.removeprefix(prefix) for name in dict(theirs.items())}
    assert {member.name for member in ours} | {"UNSPECIFIED"} == names


def test_every_reason_has_a_vietnamese_text() -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name in dict(errors_pb2.ErrorReason.items())} - {"UNSPECIFIED"}
    texts = SERVICE.catalogue()
    assert texts.missing(reasons) == set()
