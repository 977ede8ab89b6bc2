"""Tokens that nobody of ours has made: whatever their parts are, they are refused as such and break nothing.

Algorithms, issuers, audiences, keys and times are in `libs/kit/tests/test_tokens.py`.
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt

from motcua_kit.access import PermissionTable, RowRule
from motcua_kit.domain import Forbidden, NotAuthenticated
from motcua_kit.testing import Issuer, citizen
from motcua_kit.tokens import LEEWAY_SECONDS

ISSUER = Issuer()
KEY_ID = str(ISSUER.key.kid)
HEADER, CLAIMS, SIGNATURE = ISSUER.token(citizen()).split(".")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
HEADERS = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc", "cty"]), JSON
).map(lambda given: {"alg": "ES256", "kid": KEY_ID, **given})


def part(content: bytes | object) -> str:
    plain = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def reason_of(token: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        ISSUER.verifier.verify(token)
    return caught.value.reason


@given(header=HEADERS | JSON)
def test_any_header(header: object) -> None:
    if part(header) != HEADER:
        assert reason_of(f"{part(header)}.{CLAIMS}.{SIGNATURE}") == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "kid": KEY_ID, "crit": 5},
        {"alg": "ES256", "kid": KEY_ID, "crit": ["b64"], "b64": False},
        {"alg": "ES256", "kid": ["a"]},
        {"alg": ["ES256"], "kid": KEY_ID},
        {"alg": "dir", "enc": "A128GCM"},
        {"alg": "RSA-OAEP", "enc": "A256GCM"},
        b"[" * 6000,
        b'{"a":' * 3000,
        b"9" * 5000,
        b"\xff\xfe",
        b'{"alg":"ES256","alg":"none"}',
    ],
    ids=["crit", "b64", "kid", "alg", "dir", "rsa-oaep", "lists", "objects", "number", "bytes", "twice"],
)
@pytest.mark.parametrize("shape", ["{}.{}.{}", "{}.{}.", "{}..{}", "{}.{}.{}.a.b"])
def test_a_header_with_a_trick(header: object, shape: str) -> None:
    assert reason_of(shape.format(part(header), CLAIMS, SIGNATURE)) == "TOKEN_INVALID"


def test_a_key_that_comes_with_the_token_is_not_used() -> None:
    """Signed rightly, by the key that its own header offers."""
    stranger = Issuer()
    claims = jwt.decode(ISSUER.token(citizen()), ISSUER.key).claims
    offer: dict[str, Any] = {"alg": "ES256", "kid": KEY_ID, "jwk": stranger.key.as_dict(private=False)}
    assert reason_of(jwt.encode(offer, claims, stranger.key)) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "claims",
    [{"sub": 5}, {"posts": 5}, {"posts": [5]}, {"posts": [{}]}, {"loa": "x"}, {"exp": "x"}, {"aud": 5}, {"sub": ""}],
    ids=str,
)
def test_claims_of_a_strange_shape(claims: dict[str, Any]) -> None:
    """Only a defect of the issuer could sign them; the receiver does not break with it."""
    assert reason_of(ISSUER.token(citizen(), **claims)) == "TOKEN_INVALID"


def test_a_token_from_the_future_is_taken_within_the_difference_of_clocks_only() -> None:
    soon, late = (int(time.time()) + LEEWAY_SECONDS + shift for shift in (-10, 60))
    assert ISSUER.verifier.verify(ISSUER.token(citizen(), nbf=soon)).name
    assert reason_of(ISSUER.token(citizen(), nbf=late)) == "TOKEN_INVALID"


@pytest.mark.parametrize("kind", ["admin", "service", "Citizen", "handler", ""])
def test_a_kind_gives_no_role_of_officers_or_services(kind: str) -> None:
    table = PermissionTable({"a.B/C": {"handler": RowRule.ANY, "citizen": RowRule.ANY, "service.dossier": RowRule.ANY}})
    caller = ISSUER.verifier.verify(ISSUER.token(citizen(), kind=kind))
    with pytest.raises((Forbidden, NotAuthenticated)):
        table.authorize(caller, "a.B/C")
