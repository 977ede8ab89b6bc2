"""Guessing passwords and one-time codes is slowed down and shut out; the officer is not shut out with it."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from threading import Barrier
from typing import Any

import pyotp
import pytest
import requests
from pymongo.errors import AutoReconnect

from motcua_devstack.embedded import EmbeddedServers
from motcua_identity.adapters.attempts import PER_ADDRESS, PER_DEVICE, PER_OFFICER, LimitedAttempts
from motcua_identity.adapters.secrets import FernetSealer
from motcua_identity.application.known_devices import LIFETIME, KnownDevices
from motcua_kit.domain import RateLimited
from motcua_kit.testing import SettableClock

OFFICER = "lan.le"
DEVICE_COOKIE = "motcua-device"


def passes(attempts: LimitedAttempts, address: str, device: str = "", username: str = OFFICER) -> bool:
    """Guess wrong once; tell whether anybody would have judged the guess."""
    try:
        attempts.count(username, address, device)
    except RateLimited:
        return False
    return True


def locked(attempts: LimitedAttempts, address: str, device: str = "") -> bool:
    """Tell whether the officer is kept from signing in; counts nothing."""
    try:
        attempts.count(OFFICER, address, device)()
    except RateLimited:
        return True
    return False


def guess(attempts: LimitedAttempts, times: int, *addresses: str) -> int:
    """Guess from many addresses; returns how many guesses passed."""
    return sum(passes(attempts, addresses[number % len(addresses)]) for number in range(times))


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
    tried = [passes(attempts, "203.0.113.7", username=f"officer.{number}") for number in range(200)]
    assert sum(tried) == PER_ADDRESS.amount


def test_guesses_elsewhere_do_not_count_where_the_officer_has_signed_in_before(attempts: LimitedAttempts) -> None:
    guess(attempts, 100, *(f"203.0.113.{host}" for host in range(100)))
    assert locked(attempts, "198.51.100.4")
    assert not locked(attempts, "198.51.100.4", "device of lan.le")


def test_a_known_browser_may_not_guess_for_ever_either(attempts: LimitedAttempts) -> None:
    assert all(passes(attempts, "198.51.100.4", "stolen") for _ in range(PER_DEVICE.amount))
    assert locked(attempts, "203.0.113.9", "stolen")


def at_once(times: int, ask: Callable[[], Any]) -> list[Any]:
    """What each of several threads gets that ask at the same moment."""
    together = Barrier(times)

    def one(_: int) -> Any:
        together.wait()
        return ask()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


@pytest.fixture
def shared_attempts(servers: EmbeddedServers) -> Callable[[], LimitedAttempts]:
    """Makes what each replica has: one count, which all of them keep at the broker."""
    return lambda: LimitedAttempts(servers.broker_url)


def test_of_many_guesses_at_once_no_more_pass_than_one_after_the_other(
    shared_attempts: Callable[[], LimitedAttempts],
) -> None:
    username = uuid.uuid4().hex
    first, second = shared_attempts(), shared_attempts()
    replicas = cycle((first, second))
    assert sum(at_once(40, lambda: passes(next(replicas), "203.0.113.7", username=username))) == 5
    addresses = (f"198.51.100.{host}" for host in count())
    passed = sum(at_once(40, lambda: passes(next(replicas), next(addresses), username=username)))
    assert passed == PER_OFFICER.amount - 5


def test_signing_in_counts_for_nothing(attempts: LimitedAttempts) -> None:
    for _ in range(3 * PER_ADDRESS.amount):
        forgive = attempts.count(OFFICER, "203.0.113.7")
        forgive()
    assert guess(attempts, 50, "203.0.113.7") == 5


def test_a_guess_that_one_limit_refuses_counts_for_no_other(attempts: LimitedAttempts) -> None:
    """Or one address could shut out all officers by going on, and officers who try again their whole office."""
    tried = [passes(attempts, "203.0.113.7", username=f"officer.{number}") for number in range(200)]
    tried += [passes(attempts, "203.0.113.7") for _ in range(PER_OFFICER.amount)]
    assert sum(tried) == PER_ADDRESS.amount
    assert guess(attempts, 100, *(f"198.51.100.{host}" for host in range(100))) == PER_OFFICER.amount


def test_what_is_taken_back_late_is_not_taken_from_the_next_window(
    attempts: LimitedAttempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgive = attempts.count(OFFICER, "203.0.113.7")
    begin = time.time()
    monkeypatch.setattr(time, "time", lambda: begin + PER_OFFICER.get_expiry() + 1)
    assert passes(attempts, "203.0.113.7")
    forgive()
    assert guess(attempts, 50, "203.0.113.7") == 5 - 1


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


def test_guesses_on_the_page_at_once_are_counted_before_they_are_judged(officer: Any) -> None:
    page = officer.follow(officer.authorize(prompt="login"))

    def wrong() -> int:
        browser = copy(officer)  # with the same cookies
        status: int = browser.officer_form(page, username=OFFICER, password="wrong", code="000000").status_code
        return status

    statuses = Counter(at_once(20, wrong))
    assert statuses.keys() <= {401, 429}
    assert statuses[401] <= 5, "a count in this process's memory may refuse too early at once, and never too late"


def test_an_attempt_that_nobody_could_judge_does_not_count(
    identity: Any, officer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: str) -> None:
        raise AutoReconnect

    with monkeypatch.context() as outage:
        outage.setattr(identity.parts.credentials, "get", down)
        assert {submit(identity, officer).status_code for _ in range(6)} == {503}
    assert submit(identity, officer).headers["Location"].startswith("http")


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
