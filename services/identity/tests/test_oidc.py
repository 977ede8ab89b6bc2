"""Tokens over HTTP, as programs get them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
import requests
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from pymongo.errors import AutoReconnect

from motcua_identity.bootstrap import SERVICE
from motcua_identity.entrypoints.oidc.app import create_app
from motcua_kit.access import Caller
from motcua_kit.tokens import TokenVerifier

MINH_KHAI = ("079185001234", "minh-khai-demo")
THU_HA = ("074301002468", "thu-ha-demo")


def test_discovery_names_the_endpoints(identity: Any) -> None:
    metadata = requests.get(f"{identity.url}/.well-known/openid-configuration", timeout=10).json()
    OpenIDProviderMetadata(metadata).validate_jwks_uri()
    assert metadata["issuer"] == identity.url
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert set(metadata["grant_types_supported"]) == {"authorization_code", "refresh_token", "client_credentials"}
    assert AuthorizationServerMetadata(metadata)["token_endpoint"] == f"{identity.url}/token"


def test_a_service_gets_a_token_for_itself(identity: Any) -> None:
    answer = identity.token_for("dossier", grant_type="client_credentials")
    assert answer.status_code == 200
    token = answer.json()
    assert "refresh_token" not in token
    claims = identity.claims(
        token["access_token"], iss=identity.url, aud="motcua", sub="services/dossier", kind="service", posts=[], loa=0
    )
    assert 0 < claims["exp"] - time.time() <= 600


def test_the_kit_trusts_the_token(identity: Any) -> None:
    token = identity.token_for("dossier", grant_type="client_credentials").json()["access_token"]
    verifier = TokenVerifier.of(identity.url, f"{identity.url}/jwks.json")
    assert verifier.verify(token) == Caller(name="services/dossier", kind="service")


@pytest.mark.parametrize(
    ("client", "secret", "grant"),
    [
        ("dossier", "wrong-secret-of-sixteen", "client_credentials"),
        ("nobody", "secret-of-the-dossier-service", "client_credentials"),
        ("workplace", "secret-of-the-workplace", "client_credentials"),
        ("dossier", "secret-of-the-dossier-service", "password"),
        ("dossier", "secret-of-the-dossier-service", "authorization_code"),
    ],
)
def test_what_a_client_may_not_do_is_refused(identity: Any, client: Any, secret: Any, grant: Any) -> None:
    answer = identity.post(
        "/token", {"grant_type": grant, "code": "x", "username": "a", "password": "b"}, (client, secret)
    )
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("invalid_client", "unauthorized_client", "unsupported_grant_type")


def test_a_citizen_signs_in_at_the_e_id(identity: Any, citizen: Any) -> None:
    token = citizen.citizen(*MINH_KHAI)
    claims = identity.claims(token["access_token"], aud="motcua", kind="citizen", posts=[], loa=2, acr="LoA2")
    account = identity.parts.accounts.get(claims["sub"].removeprefix("accounts/"))
    assert (account.full_name, account.citizen_id) == ("Nguyễn Thị Minh Khai", MINH_KHAI[0])
    assert account.link.subject == "eid-5f0c1c1e"
    id_claims = identity.claims(token["id_token"], aud="portal", nonce=citizen.nonce, sub=claims["sub"])
    assert id_claims["name"] == "Nguyễn Thị Minh Khai"
    assert MINH_KHAI[0] not in str(claims) + str(id_claims)


def test_what_is_logged_names_nobody(citizen: Any, capsys: Any) -> None:
    citizen.citizen(*MINH_KHAI)
    logged = capsys.readouterr()
    assert "signed_in" in logged.out
    for private in (*MINH_KHAI, "Khai", "+84901230001", "minhkhai@example.com", "Hoa Sứ"):
        assert private not in logged.out + logged.err


def test_the_second_sign_in_finds_the_account_of_the_first(identity: Any, citizen: Any) -> None:
    first = identity.claims(citizen.citizen(*MINH_KHAI)["access_token"])
    citizen.session.cookies.clear()
    second = identity.claims(citizen.citizen(*MINH_KHAI)["access_token"])
    assert first["sub"] == second["sub"]
    assert first["sid"] != second["sid"]


def test_a_session_answers_without_asking_again(citizen: Any) -> None:
    citizen.at_eid(citizen.authorize(), *MINH_KHAI)
    assert citizen.tokens(citizen.authorize())["token_type"] == "Bearer"


def test_prompt_login_asks_again_and_then_goes_on(identity: Any, citizen: Any) -> None:
    citizen.at_eid(citizen.authorize(), *MINH_KHAI)
    first_page = citizen.authorize(prompt="login")
    assert first_page.headers["Location"].startswith(identity.eid_url)
    assert citizen.tokens(citizen.at_eid(first_page, *MINH_KHAI))["token_type"] == "Bearer"


def test_prompt_none_without_a_session_is_an_error(citizen: Any) -> None:
    location = citizen.authorize(prompt="none").headers["Location"]
    assert location.startswith("http://127.0.0.1:9/callback?error=login_required")


def test_a_level_one_person_does_not_pass_where_level_two_is_needed(identity: Any, citizen: Any) -> None:
    citizen.client_id, citizen.client_secret = "signing", identity.secrets["signing"]
    back = citizen.at_eid(citizen.authorize(), *THU_HA)
    assert back.status_code == 401
    assert "EID_REFUSED" in back.text
    citizen.client_id, citizen.client_secret = "portal", ""
    token = citizen.citizen(*THU_HA)
    identity.claims(token["access_token"], loa=1)
    assert citizen.authorize(acr_values="LoA2").headers["Location"].startswith(identity.eid_url)


def test_a_wrong_password_at_the_e_id_opens_nothing(identity: Any, citizen: Any) -> None:
    where = citizen.authorize().headers["Location"]
    page = citizen.session.post(where, data={"citizen_id": MINH_KHAI[0], "password": "wrong"}, timeout=10)
    assert page.status_code == 401
    assert identity.parts.accounts.find({}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": ""},
        {"code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"nonce": ""},
        {"response_type": "token"},
    ],
)
def test_an_unsafe_request_is_sent_back_to_the_client(citizen: Any, changes: Any) -> None:
    location = citizen.authorize(**changes).headers["Location"]
    assert location.startswith("http://127.0.0.1:9/callback?error=")


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "http://127.0.0.1:9/callback/"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": ""},
        {"client_id": "nobody"},
        {"client_id": "dossier"},
    ],
)
def test_an_unknown_address_or_client_is_never_redirected_to(citizen: Any, changes: Any) -> None:
    page = citizen.authorize(**changes)
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert "Không đăng nhập được" in page.text


def test_a_code_is_good_once_and_a_replay_revokes_what_came_from_it(citizen: Any) -> None:
    code = citizen.code(citizen.at_eid(citizen.authorize(), *MINH_KHAI))
    refresh_token = citizen.redeem(code).json()["refresh_token"]
    replay = citizen.redeem(code)
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert citizen.refresh(refresh_token).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "x" * 43},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:9/other"},
        {"client_id": "nobody"},
    ],
)
def test_a_stolen_code_is_of_no_use(citizen: Any, changes: Any) -> None:
    code = citizen.code(citizen.at_eid(citizen.authorize(), *MINH_KHAI))
    assert citizen.redeem(code, **changes).status_code in (400, 401)


def test_a_code_is_of_no_use_to_another_client(identity: Any, citizen: Any) -> None:
    code = citizen.code(citizen.at_eid(citizen.authorize(), *MINH_KHAI))
    citizen.client_id, citizen.client_secret = "signing", identity.secrets["signing"]
    assert citizen.redeem(code).json()["error"] == "invalid_grant"


def test_refresh_tokens_rotate_and_a_replay_revokes_the_family(identity: Any, citizen: Any) -> None:
    first = citizen.citizen(*MINH_KHAI)
    second = citizen.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    identity.claims(second["access_token"], kind="citizen", loa=2)
    third = citizen.refresh(second["refresh_token"]).json()
    assert citizen.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert citizen.refresh(third["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_refresh_token_is_of_no_use_to_another_client(identity: Any, citizen: Any) -> None:
    refresh_token = citizen.citizen(*MINH_KHAI)["refresh_token"]
    citizen.client_id, citizen.client_secret = "signing", identity.secrets["signing"]
    assert citizen.refresh(refresh_token).json()["error"] == "invalid_grant"


def test_revocation_ends_the_family(identity: Any, citizen: Any) -> None:
    refresh_token = citizen.citizen(*MINH_KHAI)["refresh_token"]
    assert identity.post("/revoke", {"token": refresh_token, "client_id": "portal"}).status_code == 200
    assert citizen.refresh(refresh_token).json()["error"] == "invalid_grant"


def test_signing_out_ends_session_and_tokens(identity: Any, citizen: Any) -> None:
    token = citizen.citizen(*MINH_KHAI)
    away = citizen.session.get(
        f"{identity.url}/end-session",
        params={
            "id_token_hint": token["id_token"],
            "post_logout_redirect_uri": "http://127.0.0.1:9/",
            "state": "bye",
        },
        allow_redirects=False,
        timeout=10,
    )
    assert away.headers["Location"] == "http://127.0.0.1:9/?state=bye"
    assert citizen.refresh(token["refresh_token"]).json()["error"] == "invalid_grant"
    assert citizen.authorize().headers["Location"].startswith(identity.eid_url)


def test_signing_out_goes_nowhere_unregistered_and_asks_first(identity: Any, citizen: Any) -> None:
    citizen.at_eid(citizen.authorize(), *MINH_KHAI)
    url = f"{identity.url}/end-session?post_logout_redirect_uri=https://evil.example/"
    page = citizen.get(url)
    assert (page.status_code, "Location" in page.headers) == (200, False)
    assert citizen.authorize().headers["Location"].startswith("http://127.0.0.1:9/callback")
    done = citizen.session.post(url, allow_redirects=False, timeout=10)
    assert (done.status_code, "Location" in done.headers) == (200, False)
    assert citizen.authorize().headers["Location"].startswith(identity.eid_url)


def test_an_answer_of_the_e_id_belongs_to_the_browser_that_asked(citizen: Any) -> None:
    where = citizen.authorize().headers["Location"]
    back = citizen.session.post(
        where, data={"citizen_id": MINH_KHAI[0], "password": MINH_KHAI[1]}, allow_redirects=False, timeout=10
    ).headers["Location"]
    stranger = requests.get(back, allow_redirects=False, timeout=10)
    assert (stranger.status_code, "SIGN_IN_EXPIRED" in stranger.text) == (401, True)
    forged = citizen.get(back.replace("state=", "state=x"))
    assert (forged.status_code, "SIGN_IN_EXPIRED" in forged.text) == (401, True)
    assert citizen.follow(citizen.get(back)).headers["Location"].startswith("http://127.0.0.1:9/callback?code=")
    again = citizen.get(back)
    assert again.status_code == 401


def test_keys_rotate_without_a_gap(identity: Any) -> None:
    old = identity.token_for("dossier", grant_type="client_credentials").json()["access_token"]
    key = identity.parts.key_ring.rotate()
    published = requests.get(f"{identity.url}/jwks.json", timeout=10).json()["keys"]
    assert len(published) >= 1
    assert all("d" not in one for one in published)
    identity.claims(old)
    fresh = type(identity.parts.key_ring)(identity.parts.key_ring._keys, identity.parts.sealer, lambda: key.sign_time)
    assert fresh.signing_keys().keys[0].kid == key.kid
    assert {one["kid"] for one in fresh.key_set()["keys"]} == {one["kid"] for one in published} | {key.kid}


class NoClients:
    """The port of clients when the database is gone, or something worse."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def get(self, _: str) -> None:
        raise self._failure

    def put(self, _: object) -> None:
        raise self._failure


@pytest.mark.parametrize(
    ("failure", "status", "word"),
    [(AutoReconnect("gone"), 503, "temporarily_unavailable"), (KeyError("bug"), 500, "server_error")],
)
def test_failures_are_told_to_programs_and_to_people(identity: Any, failure: Exception, status: int, word: str) -> None:
    broken = replace(identity.parts.provider, clients=NoClients(failure))
    client = create_app(broken, SERVICE.catalogue()).test_client()
    answer = client.post("/token", data={"grant_type": "client_credentials"}, auth=("dossier", "x"))
    assert (answer.status_code, answer.get_json()) == (status, {"error": word})
    page = client.get("/authorize?client_id=portal")
    assert (page.status_code, "Hệ thống" in page.get_data(as_text=True)) == (status, True)
    assert str(failure) not in page.get_data(as_text=True)


def test_a_service_of_the_same_cluster_needs_no_ingress(identity: Any) -> None:
    client = create_app(identity.parts.provider, SERVICE.catalogue()).test_client()
    answer = client.post(
        "/token",
        data={"grant_type": "client_credentials"},
        auth=("dossier", "secret-of-the-dossier-service"),
        base_url="http://motcua-identity-http.motcua.svc:8080",
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
