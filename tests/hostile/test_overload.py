"""Ten times as many calls as a server can do: each is answered or refused with a time, and the server is itself again.

Short and in one process, so nothing here is about speed; `./dev overload` measures (docs/reference/security.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from motcua.identity.v1 import unit_pb2
from motcua_devstack.commands.overload import resident
from motcua_devstack.load.calls import Call, open_loop
from motcua_devstack.load.overload import Plan, overload
from motcua_identity.bootstrap import SERVICE
from motcua_kit.testing import Issuer, RunningService, service_caller

WAITING = 4


@pytest.fixture
def running(serve: Callable[..., RunningService]) -> RunningService:
    return serve(
        SERVICE,
        grpc_threads=2,
        grpc_max_waiting=WAITING,
        eid_issuer="http://127.0.0.1:9",
        eid_client_id="motcua",
        eid_client_secret="of-this-test",
        sealing_key="0123456789abcdef0123456789abcdef",
    )


@pytest.fixture
def call(running: RunningService, issuer: Issuer) -> Call:
    request = unit_pb2.GetUnitRequest(name="units/26740").SerializeToString()
    token = issuer.token(service_caller("dossier"))
    return Call(running.address, "/motcua.identity.v1.UnitService/GetUnit", request, token)


def test_every_call_is_answered_or_told_when_to_come_back(running: RunningService, call: Call) -> None:
    lines: list[str] = []
    report = overload(call, Plan(seconds=2, warm_seconds=1), lambda: resident("self"), lines.append)
    assert report.best_rate > 0
    assert report.answered_rate > 0
    assert report.refused > 0
    assert (report.refused_without_time, report.others) == (0, {})
    assert report.recovery_seconds is not None
    assert len(lines) == 2
    with call.sender() as send:
        assert send().result()
    assert running._server._pool.in_flight <= 1


def test_what_waits_is_bounded_whatever_comes(running: RunningService, call: Call) -> None:
    pool = running._server._pool
    most = 0

    with call.sender() as send:

        def watched() -> Any:
            nonlocal most
            most = max(most, pool.waiting)
            return send()

        answers = open_loop(watched, rate=100_000, seconds=1)
    assert 0 < most <= WAITING
    assert answers.others == {}
    assert answers.sent == len(answers.answered) + len(answers.refused)
