"""Access tokens: verified offline, and only those of our issuer."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey

from motcua_kit.access import Caller, Post
from motcua_kit.domain import DependencyDown, NotAuthenticated
from motcua_kit.testing import Issuer, citizen, officer
from motcua_kit.testing.issuer import URL
from motcua_kit.tokens import KEY_SET_SECONDS, LEEWAY_SECONDS, TokenVerifier


@pytest.fixture
def mine() -> Issuer:
    return Issuer()


def refused(issuer: Issuer, token: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        issuer.verifier.verify(token)
    return caught.value.reason


@pytest.mark.parametrize(
    "caller",
    [
        citizen("accounts/an", assurance=1),
        Caller("officers/1", "officer", (Post("units/1", "handler"), Post("units/2", "clerk"))),
        Caller("services/permits", "service"),
    ],
    ids=str,
)
def test_a_token_says_who_calls(mine: Issuer, caller: Caller) -> None:
    assert mine.verifier.verify(mine.token(caller)) == caller


def test_an_expired_token(mine: Issuer) -> None:
    assert refused(mine, mine.token(citizen(), seconds=-LEEWAY_SECONDS - 5)) == "TOKEN_EXPIRED"
    assert mine.verifier.verify(mine.token(citizen(), seconds=-LEEWAY_SECONDS + 10)).name


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.test"},
        {"aud": "other"},
        {"aud": []},
        {"exp": None},
        {"sub": None},
        {"nbf": 4_102_444_800},  # in the year 2100
    ],
    ids=str,
)
def test_a_token_for_another_purpose(mine: Issuer, claims: dict[str, Any]) -> None:
    assert refused(mine, mine.token(citizen(), **claims)) == "TOKEN_INVALID"


def test_a_foreign_key(mine: Issuer) -> None:
    assert refused(mine, Issuer().token(citizen())) == "TOKEN_INVALID"
    forged = Issuer()
    forged.key = ECKey.import_key({**forged.key.as_dict(private=True), "kid": str(mine.key.kid)})
    assert refused(mine, forged.token(citizen())) == "TOKEN_INVALID"


def test_tampering(mine: Issuer) -> None:
    header, _, signature = mine.token(citizen("accounts/an")).split(".")
    _, payload, _ = mine.token(citizen("accounts/binh")).split(".")
    assert refused(mine, f"{header}.{payload}.{signature}") == "TOKEN_INVALID"


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "ạ.b.c", "....."])
def test_what_is_no_token(mine: Issuer, token: str) -> None:
    assert refused(mine, token) == "TOKEN_INVALID"


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def unsigned(*parts: dict[str, Any]) -> str:
    return ".".join(base64url(json.dumps(part).encode()) for part in parts)


def test_other_algorithms(mine: Issuer) -> None:
    claims = jwt.decode(mine.token(citizen()), mine.key).claims
    none = unsigned({"alg": "none", "kid": mine.key.kid}, claims)
    assert refused(mine, none + ".") == "TOKEN_INVALID"
    # The old trick: the public key, which everybody has, as the secret of a symmetric algorithm.
    signed = unsigned({"alg": "HS256", "kid": mine.key.kid}, claims)
    mac = hmac.digest(mine.key.as_pem(private=False), signed.encode(), "sha256")
    assert refused(mine, f"{signed}.{base64url(mac)}") == "TOKEN_INVALID"


class Answering:
    """An issuer's key set, and how often it was asked for."""

    def __init__(self, *issuers: Issuer) -> None:
        self.issuers = list(issuers)
        self.asked = 0
        self.down = False

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self.down:
            raise requests.ConnectionError("down")
        return {"keys": [key for issuer in self.issuers for key in issuer.key_set()["keys"]]}


@pytest.fixture
def monotonic(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("motcua_kit.tokens.time.monotonic", lambda: now[0])
    return now


def test_keys_are_asked_for_once_and_again_when_a_new_one_appears(mine: Issuer, monotonic: list[float]) -> None:
    keys = Answering(mine)
    verifier = TokenVerifier(URL, keys)
    for _ in range(3):
        verifier.verify(mine.token(citizen()))
    assert keys.asked == 1
    rotated = Issuer()
    keys.issuers.append(rotated)
    monotonic[0] += 10
    assert verifier.verify(rotated.token(officer("clerk"))).name
    assert keys.asked == 2


def test_tokens_of_unknown_keys_do_not_make_us_ask_at_every_call(mine: Issuer, monotonic: list[float]) -> None:
    keys = Answering(mine)
    verifier = TokenVerifier(URL, keys)
    monotonic[0] += 10
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            verifier.verify(Issuer().token(citizen()))
    assert keys.asked == 1


def test_an_issuer_that_is_down_is_not_needed_and_not_asked_at_every_call(mine: Issuer, monotonic: list[float]) -> None:
    keys = Answering(mine)
    verifier = TokenVerifier(URL, keys)
    verifier.verify(mine.token(citizen()))
    keys.down = True
    monotonic[0] += 3600
    for _ in range(3):
        assert verifier.verify(mine.token(citizen())).name
    assert keys.asked == 2


def test_without_any_key_the_caller_is_not_to_blame(mine: Issuer) -> None:
    keys = Answering(mine)
    keys.down = True
    verifier = TokenVerifier(URL, keys)
    with pytest.raises(DependencyDown):
        verifier.verify(mine.token(citizen()))
    keys.down = False
    assert verifier.verify(mine.token(citizen())).name


def test_a_token_that_was_verified_before_expires_all_the_same(mine: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    token = mine.token(citizen(), seconds=60)
    assert mine.verifier.verify(token) == mine.verifier.verify(token)
    later = time.time() + 60 + LEEWAY_SECONDS + 5
    monkeypatch.setattr("time.time", lambda: later)
    assert refused(mine, token) == "TOKEN_EXPIRED"


def test_a_token_that_was_verified_before_is_refused_when_its_key_is_withdrawn(
    mine: Issuer, monotonic: list[float]
) -> None:
    keys = Answering(mine)
    verifier = TokenVerifier(URL, keys)
    token = mine.token(citizen())
    verifier.verify(token)
    keys.issuers = [Issuer()]
    monotonic[0] += KEY_SET_SECONDS - 1
    assert verifier.verify(token).name
    monotonic[0] += 2
    with pytest.raises(NotAuthenticated) as caught:
        verifier.verify(token)
    assert caught.value.reason == "TOKEN_INVALID"


def test_a_refused_token_is_refused_again(mine: Issuer) -> None:
    header, payload, signature = mine.token(citizen()).split(".")
    mine.verifier.verify(f"{header}.{payload}.{signature}")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    for _ in range(2):
        assert refused(mine, f"{header}.{payload}.{flipped}") == "TOKEN_INVALID"


def test_only_so_many_tokens_are_remembered(mine: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motcua_kit.tokens.MOST_REMEMBERED", 2)
    tokens = [mine.token(citizen(f"accounts/{number}")) for number in range(5)]
    for _ in range(2):
        assert [mine.verifier.verify(token).name for token in tokens] == [f"accounts/{number}" for number in range(5)]
    trusted = mine.verifier._trusted
    assert trusted is not None
    assert len(trusted.verified) <= 2
