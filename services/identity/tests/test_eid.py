"""What identity believes of an e-ID, and what it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import jsonify

from motcua_devstack.eid.people import PEOPLE_FILE, Person, load_people
from motcua_devstack.eid.server import EidClient, create_app
from motcua_identity.adapters.contacts import CheckedContacts
from motcua_identity.adapters.eid import OidcEidProvider
from motcua_identity.adapters.unit_files import load_units
from motcua_identity.application.ports import EidRequest
from motcua_identity.domain.account import AssuranceLevel
from motcua_identity.domain.citizen_id import CitizenId, Sex
from motcua_kit.domain import DependencyDown, NotAuthenticated, ValidationFailed

KHAI = "079185001234"
THU_HA = "074301002468"
CALLBACK = "http://127.0.0.1:9/eid/callback"
REQUEST = EidRequest(state="s" * 43, nonce="n" * 43, code_verifier="v" * 64)
PEOPLE = load_people(PEOPLE_FILE)
UNITS = Path(__file__).resolve().parents[3] / "city" / "units"


@pytest.fixture
def eid(listener: Any) -> Iterator[Callable[..., OidcEidProvider]]:
    """Serve an e-ID; `spoil` may turn it hostile."""

    def start(
        people: dict[str, Person] | None = None, issuer: str = "", spoil: Callable[[Any], None] = lambda _: None
    ) -> OidcEidProvider:
        app = create_app(issuer or listener.url, EidClient("motcua", "secret", CALLBACK), people or PEOPLE)
        spoil(app)
        listener.start(app)
        return OidcEidProvider(listener.url, "motcua", "secret", CALLBACK, CheckedContacts())

    yield start
    listener.stop()


def signed_in(provider: OidcEidProvider, citizen_id: str = KHAI, request: EidRequest = REQUEST) -> str:
    """Sign a person in on the page of the e-ID and return the code."""
    form = {"citizen_id": citizen_id, "password": PEOPLE[citizen_id].password}
    back = requests.post(provider.authorization_url(request), data=form, allow_redirects=False, timeout=10)
    location = back.headers["Location"]
    assert location.startswith(f"{CALLBACK}?code=")
    return location.partition("code=")[2].partition("&")[0]


def test_verified_facts_arrive(eid: Callable[..., OidcEidProvider]) -> None:
    provider = eid()
    found = provider.identity(signed_in(provider), REQUEST)
    assert (found.citizen_id, found.full_name) == (CitizenId.parse(KHAI), "Nguyễn Thị Minh Khai")
    assert (found.level, found.sex, found.birth_date) == (AssuranceLevel.TWO, Sex.FEMALE, date(1985, 4, 12))
    assert (found.address_unit, found.phone) == ("units/26740", "+84901230001")


def test_a_code_is_good_once(eid: Callable[..., OidcEidProvider]) -> None:
    provider = eid()
    code = signed_in(provider)
    provider.identity(code, REQUEST)
    with pytest.raises(NotAuthenticated):
        provider.identity(code, REQUEST)


@pytest.mark.parametrize("other", [replace(REQUEST, nonce="another"), replace(REQUEST, code_verifier="w" * 64)])
def test_an_answer_to_another_question_is_refused(eid: Callable[..., OidcEidProvider], other: EidRequest) -> None:
    provider = eid()
    with pytest.raises(NotAuthenticated) as error:
        provider.identity(signed_in(provider), other)
    assert error.value.reason == "EID_REFUSED"


def test_a_lower_level_than_asked_for_is_refused_by_both(eid: Callable[..., OidcEidProvider]) -> None:
    provider = eid()
    code = signed_in(provider, THU_HA)
    strict = replace(REQUEST, least_level=AssuranceLevel.TWO)
    with pytest.raises(NotAuthenticated):
        provider.identity(code, strict)
    form = {"citizen_id": THU_HA, "password": PEOPLE[THU_HA].password}
    back = requests.post(provider.authorization_url(strict), data=form, allow_redirects=False, timeout=10)
    assert "error=unmet_authentication_requirements" in back.headers["Location"]


def somebody_else(app: Any) -> None:
    app.view_functions["user_info"] = lambda: jsonify(
        sub="eid-other", citizen_id=KHAI, name="x", birthdate="1985-04-12"
    )


def keys_of_somebody_else(app: Any) -> None:
    other = create_app("http://127.0.0.1:9", EidClient("motcua", "secret", CALLBACK), PEOPLE)
    app.view_functions["key_set"] = other.view_functions["key_set"]


def no_answer(app: Any) -> None:
    app.view_functions["token"] = lambda: ("<html>", 502)


@pytest.mark.parametrize("spoil", [somebody_else, keys_of_somebody_else, no_answer])
def test_answers_that_cannot_be_trusted_are_refused(
    eid: Callable[..., OidcEidProvider], spoil: Callable[[Any], None]
) -> None:
    provider = eid(spoil=spoil)
    with pytest.raises((NotAuthenticated, DependencyDown)) as error:
        provider.identity(signed_in(provider), REQUEST)
    assert error.value.reason in ("EID_REFUSED", "EID_UNAVAILABLE")


def test_another_issuer_is_refused(eid: Callable[..., OidcEidProvider]) -> None:
    with pytest.raises(NotAuthenticated):
        eid(issuer="http://127.0.0.1:9").authorization_url(REQUEST)


def test_an_e_id_that_is_down_is_said_to_be_down() -> None:
    provider = OidcEidProvider("http://127.0.0.1:9", "motcua", "secret", CALLBACK, CheckedContacts())
    with pytest.raises(DependencyDown) as error:
        provider.authorization_url(REQUEST)
    assert error.value.reason == "EID_UNAVAILABLE"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, "EID_CLAIM_MISSING"),
        ({"citizen_id": "0791850012"}, "CITIZEN_ID_MALFORMED"),
        ({"phone": "12"}, "PHONE_INVALID"),
        ({"email": "nowhere"}, "EMAIL_INVALID"),
    ],
)
def test_impossible_facts_are_refused(eid: Callable[..., OidcEidProvider], change: dict[str, Any], reason: str) -> None:
    provider = eid(people={KHAI: replace(PEOPLE[KHAI], **change)})
    with pytest.raises(ValidationFailed) as error:
        provider.identity(signed_in(provider), REQUEST)
    assert error.value.reason == reason


def test_the_page_says_that_it_is_a_simulation(eid: Callable[..., OidcEidProvider]) -> None:
    page = requests.get(eid().authorization_url(REQUEST), timeout=10)
    assert '<html lang="vi">' in page.text
    assert "hệ thống mô phỏng" in page.text


@pytest.mark.parametrize("change", [{"redirect_uri": "http://127.0.0.1:9/other"}, {"client_id": "nobody"}])
def test_the_e_id_redirects_to_its_client_only(eid: Callable[..., OidcEidProvider], change: dict[str, str]) -> None:
    url = requests.Request("GET", eid().authorization_url(REQUEST)).prepare().url or ""
    for name, value in change.items():
        before, _, after = url.partition(f"{name}=")
        url = f"{before}{name}={value}&{after.partition('&')[2]}"
    page = requests.get(url, allow_redirects=False, timeout=10)
    assert page.status_code == 400
    assert "Location" not in page.headers


@pytest.mark.parametrize("person", PEOPLE.values(), ids=lambda person: person.subject)
def test_the_synthetic_people_are_possible(person: Person) -> None:
    CitizenId.parse(person.citizen_id).agree_with(person.birth_date, Sex(person.gender))
    assert load_units(UNITS).get(person.ward_code, date(2026, 11, 23)).parent == "79"
    assert CheckedContacts().phone(person.phone) == person.phone
    assert person.level in (1, 2)
