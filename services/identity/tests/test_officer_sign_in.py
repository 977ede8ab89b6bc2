"""Officers sign in by password and one-time code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from motcua_identity.adapters.attempts import LimitedAttempts
from motcua_kit.domain import DependencyDown, RateLimited


def sign_in(identity: Any, officer: Any, **changes: str) -> requests.Response:
    """Fill in the form rightly but for the changes."""
    right = {"username": "lan.le", "password": identity.secrets["password"], "code": identity.one_time_code()}
    page: requests.Response = officer.officer_form(officer.follow(officer.authorize()), **{**right, **changes})
    return page


def test_an_officer_signs_in_and_the_token_carries_the_posts_in_force(identity: Any, officer: Any) -> None:
    token = officer.officer("lan.le", identity.secrets["password"], identity.secrets["totp"])
    claims = identity.claims(token["access_token"], kind="officer", loa=2, amr=["pwd", "otp", "mfa"])
    assert claims["sub"] == f"officers/{identity.parts.officers.by_username('lan.le').id}"
    assert claims["posts"] == [
        {"unit": "units/26740", "role": "reception_officer"},
        {"unit": "units/26743", "role": "handler"},
    ]


def test_posts_are_those_of_the_day_on_which_the_token_is_issued(identity: Any, officer: Any) -> None:
    token = officer.officer("lan.le", identity.secrets["password"], identity.secrets["totp"])
    identity.clock.move(timedelta(days=-365))
    renewed = officer.refresh(token["refresh_token"]).json()
    identity.claims(
        renewed["access_token"],
        posts=[{"unit": "units/26740", "role": "reception_officer"}, {"unit": "units/26740", "role": "handler"}],
    )


@pytest.mark.parametrize(
    "changes",
    [{"password": "wrong"}, {"username": "nobody.here"}, {"code": "000000"}, {"code": ""}, {"password": ""}],
)
def test_what_is_wrong_is_not_told(identity: Any, officer: Any, changes: Any) -> None:
    page = sign_in(identity, officer, **changes)
    assert page.status_code == 401
    assert "Tên đăng nhập, mật khẩu hoặc mã xác thực chưa đúng" in page.text


def test_a_one_time_code_is_good_once(identity: Any, officer: Any) -> None:
    code = identity.one_time_code()
    sign_in(identity, officer, code=code)
    officer.session.cookies.clear()
    assert sign_in(identity, officer, code=code).status_code == 401


def test_too_many_wrong_attempts_are_slowed_down_also_with_the_right_password(identity: Any, officer: Any) -> None:
    for _ in range(5):
        assert sign_in(identity, officer, code="000000").status_code == 401
    page = sign_in(identity, officer)
    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 0
    assert "Đã nhập sai quá nhiều lần" in page.text


def test_a_stranger_does_not_lock_an_officer_out_elsewhere() -> None:
    attempts = LimitedAttempts("memory://")
    for _ in range(5):
        attempts.count("lan.le", "203.0.113.7")
    with pytest.raises(RateLimited):
        attempts.count("lan.le", "203.0.113.7")
    attempts.count("lan.le", "198.51.100.4")


def test_without_counting_nobody_is_let_in() -> None:
    attempts = LimitedAttempts("redis://127.0.0.1:9")
    with pytest.raises(DependencyDown):
        attempts.count("lan.le", "127.0.0.1")


def test_a_form_without_its_csrf_token_is_refused(identity: Any, officer: Any) -> None:
    page = sign_in(identity, officer, csrf_token="forged")
    assert (page.status_code, "SIGN_IN_EXPIRED" in page.text) == (401, True)


def test_the_form_is_of_no_use_in_another_browser(identity: Any) -> None:
    page = requests.get(f"{identity.url}/sign-in", timeout=10)
    assert (page.status_code, "SIGN_IN_EXPIRED" in page.text) == (401, True)


def test_a_citizens_session_does_not_open_the_workplace(citizen: Any, officer: Any) -> None:
    citizen.at_eid(citizen.authorize(), "079185001234", "minh-khai-demo")
    officer.session = citizen.session
    assert officer.authorize().headers["Location"] == "/sign-in"


def test_the_page_can_be_used_without_seeing_it(officer: Any) -> None:
    page = officer.follow(officer.authorize())
    assert page.status_code == 200
    assert '<html lang="vi">' in page.text
    for name in ("username", "password", "code"):
        assert f'<label for="{name}">' in page.text
        assert f'id="{name}"' in page.text
    assert 'autocomplete="one-time-code"' in page.text
    assert page.headers["Cache-Control"] == "no-store"
