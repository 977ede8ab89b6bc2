"""Guessing passwords and one-time codes is slowed down and shut out; the officer is not shut out with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
import requests

from motcua_identity.adapters.attempts import PER_ADDRESS, PER_DEVICE, PER_OFFICER, LimitedAttempts
from motcua_identity.adapters.secrets import FernetSealer
from motcua_identity.application.known_devices import LIFETIME, KnownDevices
from motcua_kit.domain import RateLimited
from motcua_kit.testing import SettableClock

OFFICER = "lan.le"
DEVICE_COOKIE = "motcua-device"


def locked(attempts: LimitedAttempts, address: str, device: str = "", username: str = OFFICER) -> bool:
    try:
        attempts.check(username, address, device)
    except RateLimited:
        return True
    return False


def guess(attempts: LimitedAttempts, times: int, *addresses: str, username: str = OFFICER) -> int:
    """Guess from many addresses as long as it is let; returns how many guesses were."""
    made = 0
    for number in range(times):
        address = addresses[number % len(addresses)]
        if not locked(attempts, address, username=username):
            attempts.failed(username, address)
            made += 1
    return made


@pytest.fixture
def attempts() -> LimitedAttempts:
    return LimitedAttempts("memory://")


def test_a_botnet_makes_no_more_guesses_than_the_officers_limit(attempts: LimitedAttempts) -> None:
    botnet = [f"203.0.{third}.{fourth}" for third in range(4) for fourth in range(256)]
    assert guess(attempts, 2000, *botnet) == PER_OFFICER.amount
    assert locked(attempts, "198.51.100.4")


def test_one_connection_is_one_address_also_with_ipv6(attempts: LimitedAttempts) -> None:
    assert guess(attempts, 50, *(f"2001:db8:1:2::{host:x}" for host in range(1, 51))) == 5
    assert locked(attempts, "2001:db8:1:2:ffff::1")
    assert not locked(attempts, "2001:db8:1:3::1")
    assert guess(attempts, 50, "::ffff:203.0.113.7", "203.0.113.7") == 5


def test_one_address_cannot_try_one_password_on_everybody(attempts: LimitedAttempts) -> None:
    tried = [guess(attempts, 1, "203.0.113.7", username=f"officer.{number}") for number in range(200)]
    assert sum(tried) == PER_ADDRESS.amount


def test_guesses_elsewhere_do_not_count_where_the_officer_has_signed_in_before(attempts: LimitedAttempts) -> None:
    guess(attempts, 100, *(f"203.0.113.{host}" for host in range(100)))
    assert locked(attempts, "198.51.100.4")
    assert not locked(attempts, "198.51.100.4", "device of lan.le")


def test_a_known_browser_may_not_guess_for_ever_either(attempts: LimitedAttempts) -> None:
    for _ in range(PER_DEVICE.amount):
        assert not locked(attempts, "198.51.100.4", "stolen")
        attempts.failed(OFFICER, "198.51.100.4", "stolen")
    assert locked(attempts, "203.0.113.9", "stolen")


def submit(identity: Any, officer: Any, *, password: str = "", code: str = "") -> requests.Response:
    page: requests.Response = officer.officer_form(
        officer.follow(officer.authorize(prompt="login")),
        username=OFFICER,
        password=password or identity.secrets["password"],
        code=code or identity.one_time_code(),
    )
    return page


def lock(identity: Any) -> None:
    """What a botnet does."""
    check = identity.parts.provider.sign_ins._officer_check
    guess(check._attempts, 100, *(f"203.0.113.{host}" for host in range(100)))


def next_code(identity: Any) -> str:
    """A code that was not used yet: clocks may be a step apart."""
    totp = pyotp.TOTP(identity.secrets["totp"])
    return totp.at(datetime.now(UTC), counter_offset=1)


def test_the_officer_comes_in_from_a_known_browser_while_others_guess(identity: Any, officer: Any) -> None:
    assert submit(identity, officer).headers["Location"].startswith("http")
    assert officer.session.cookies[DEVICE_COOKIE]
    lock(identity)
    back = submit(identity, officer, code=next_code(identity))
    assert back.status_code in (302, 303), back.text
    stranger = type(officer)(identity.url, "workplace", officer.redirect_uri, identity.secrets["workplace"])
    assert submit(identity, stranger, code=next_code(identity)).status_code == 429


def test_a_made_up_device_opens_nothing(identity: Any, officer: Any) -> None:
    lock(identity)
    for cookie in ("x", "gAAAAA", "ạ", KnownDevices(FernetSealer("another key"), SettableClock()).remember(OFFICER)):
        officer.session.cookies.set(DEVICE_COOKIE, cookie.encode().decode("latin-1"))
        assert submit(identity, officer).status_code == 429


def test_a_device_belongs_to_one_officer_for_a_time() -> None:
    clock = SettableClock()
    devices = KnownDevices(FernetSealer("a key"), clock)
    cookie, other = devices.remember(OFFICER), devices.remember(OFFICER)
    assert devices.device_of(cookie, OFFICER) != devices.device_of(other, OFFICER) != ""
    assert devices.device_of(cookie, "binh.tran") == ""
    clock.move(LIFETIME + timedelta(seconds=1))
    assert devices.device_of(cookie, OFFICER) == ""


@pytest.mark.parametrize("code", ["000000", "0", "00000０", "-1", "1e5", "0" * 5000, "', $ne", "\x00"])
def test_strange_codes_are_wrong_codes(identity: Any, officer: Any, code: str) -> None:
    assert submit(identity, officer, code=code).status_code == 401


@pytest.mark.parametrize("username", ["lan.le\x00", "$ne", "{'$gt': ''}", "l" * 10_000, "lan.le' OR 1=1", "ａdmin"])
def test_strange_user_names_are_unknown_user_names(identity: Any, officer: Any, username: str) -> None:
    page = officer.officer_form(
        officer.follow(officer.authorize()),
        username=username,
        password=identity.secrets["password"],
        code=identity.one_time_code(),
    )
    assert page.status_code == 401


def test_one_code_sent_twice_at_once_lets_one_in(identity: Any) -> None:
    credentials = identity.parts.credentials
    step = 10_000_000_000
    assert [credentials.use_step(OFFICER, step), credentials.use_step(OFFICER, step)] == [True, False]
    assert not credentials.use_step(OFFICER, step - 1), "an older code than one that was used"
