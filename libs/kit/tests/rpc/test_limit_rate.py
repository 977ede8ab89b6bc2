"""The rate limit: a window that moves with every call, for each caller by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from motcua_kit.access import Caller
from motcua_kit.domain import RateLimited
from motcua_kit.rpc.call import Call
from motcua_kit.rpc.stages import LimitRate


class Calls:
    """Calls at moments that the test chooses."""

    def __init__(self, limit: str) -> None:
        self.now = 1000.0
        self.stage = LimitRate(limit)

    def pass_by(self, name: str, kind: str = "citizen", peer: str = "") -> bool:
        context = cast("Any", SimpleNamespace(peer=lambda: peer))
        call = Call("s/M", Empty(), context, Empty, cast("Any", None), caller=Caller(name, kind))
        try:
            self.stage(call, cast("Any", Empty))
        except RateLimited:
            return False
        return True


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made: list[Calls] = []
    monkeypatch.setattr("motcua_kit.rpc.stages.time.monotonic", lambda: made[0].now if made else 1000.0)
    made.append(Calls("3/minute"))
    return made[0]


def test_the_window_moves_with_the_calls(calls: Calls) -> None:
    for second in (0, 10, 20):
        calls.now = 1000.0 + second
        assert calls.pass_by("accounts/an")
    calls.now = 1059.0
    assert not calls.pass_by("accounts/an")
    calls.now = 1060.0  # the first call is a minute ago
    assert calls.pass_by("accounts/an")
    assert not calls.pass_by("accounts/an")


def test_refused_calls_do_not_count(calls: Calls) -> None:
    passed = [calls.pass_by("accounts/an") for _ in range(10)]
    assert passed == [True] * 3 + [False] * 7
    calls.now += 61
    assert calls.pass_by("accounts/an")


def test_callers_count_by_themselves_and_strangers_by_address(calls: Calls) -> None:
    for _ in range(4):
        calls.pass_by("accounts/an")
    assert calls.pass_by("accounts/binh")
    assert [calls.pass_by("", "anyone", f"ipv4:10.0.0.7:{port}") for port in range(4)] == [True] * 3 + [False]
    assert calls.pass_by("", "anyone", "ipv4:10.0.0.8:1")
    assert all(calls.pass_by("services/permits", "service") for _ in range(5))


def test_who_has_gone_is_forgotten(calls: Calls) -> None:
    for number in range(100):
        calls.pass_by(f"accounts/{number}")
    calls.now += 61
    calls.pass_by("accounts/an")
    assert set(calls.stage._calls) == {"accounts/an"}


def test_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Calls("0/minute")
    for seconds in (0, 61, 122):
        monkeypatch.setattr("motcua_kit.rpc.stages.time.monotonic", lambda at=seconds: 1000.0 + at)
        assert not closed.pass_by("accounts/an")


def test_what_comes_behind_is_answered_as_it_is(calls: Calls) -> None:
    answer: Message = Empty()
    call = Call("s/M", Empty(), cast("Any", None), Empty, cast("Any", None), caller=Caller("accounts/an", "citizen"))
    assert calls.stage(call, lambda: answer) is answer
