"""A server that has too much to do says so at once, and is itself again as soon as it has not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

import motcua_client
from motcua_kit.rpc import admission, arrival
from motcua_kit.rpc.admission import RETRY_SECONDS, CallPool
from motcua_kit.testing import Issuer, citizen

AN = citizen("accounts/an")
WAITING = 3


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come; the run ends a test that waits for ever."""
    while not condition():
        time.sleep(0.01)


@pytest.fixture
def things_of_one_thread(start: Callable[..., Any]) -> Any:
    return start(grpc_threads=1, grpc_max_waiting=WAITING)


@pytest.fixture
def holding(things_of_one_thread: Any, gate: threading.Event) -> Callable[..., Any]:
    """Occupy the one thread, and the queue with the calls that are more than one; they end with the block."""
    things = things_of_one_thread
    stub, pool = things.as_(AN), things.running._server._pool

    @contextmanager
    def hold(calls: int) -> Iterator[None]:
        with ThreadPoolExecutor(calls) as senders:
            held = things.request("Fail", how="held")
            sent = [senders.submit(stub.Fail, held, timeout=60) for _ in range(calls)]
            until(lambda: pool.in_flight == calls)
            yield
            gate.set()
            assert {type(each.exception()) for each in sent} == {motcua_client.NotFound}
        until(lambda: pool.in_flight == 0)

    return hold


def test_a_call_that_finds_the_queue_full_is_told_when_to_come_back(
    things_of_one_thread: Any, holding: Callable[..., Any]
) -> None:
    things = things_of_one_thread
    with holding(1 + WAITING):
        with pytest.raises(motcua_client.RateLimited) as caught:
            things.as_(AN).ListThings(things.request("ListThings"))
        assert (caught.value.reason, caught.value.domain) == ("OVERLOADED", "thing.motcua")
        assert caught.value.retry_seconds in RETRY_SECONDS
        assert "quá nhiều người" in caught.value.localized_message
    assert things.as_(AN).ListThings(things.request("ListThings")).things == []


def test_a_call_that_finds_others_waiting_too_long_is_refused(
    things_of_one_thread: Any, holding: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short the queue is: where calls are slow, each place in it is a long wait."""
    monkeypatch.setattr(admission, "LONGEST_WAIT_SECONDS", 0.0)
    things = things_of_one_thread
    with holding(2), pytest.raises(motcua_client.RateLimited) as caught:
        things.as_(AN).ListThings(things.request("ListThings"))
    assert caught.value.reason == "OVERLOADED"
    assert things.as_(AN).ListThings(things.request("ListThings")).things == []


def test_a_refusal_waits_for_no_message(things_of_one_thread: Any, holding: Callable[..., Any]) -> None:
    """Who opens a call and sends nothing does not hold the refusals of others up."""
    with holding(1 + WAITING), grpc.insecure_channel(things_of_one_thread.running.address) as channel:
        silence = threading.Event()
        call: Any = channel.stream_unary("/motcua.kittest.v1.ThingService/ListThings")
        with pytest.raises(grpc.RpcError) as caught:
            call(iter(silence.wait, True), timeout=30)
        silence.set()
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls without a message are late at once."""
    monkeypatch.setattr(arrival, "PATIENCE_SECONDS", 0.0)


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("rpc", ["motcua.kittest.v1.ThingService/ListThings", "grpc.health.v1.Health/Check"])
def test_who_sends_nothing_keeps_no_thread_from_others(things_of_one_thread: Any, rpc: str) -> None:
    things, silence = things_of_one_thread, threading.Event()
    stub, without_message = things.as_(AN), things.running._server._arrivals._since
    with grpc.insecure_channel(things.running.address) as channel:
        call: Any = channel.stream_unary(f"/{rpc}")
        silent = call.future(iter(silence.wait, True), timeout=3600)
        until(lambda: len(without_message) == 1)
        assert stub.ListThings(things.request("ListThings"), timeout=30).things == []
        assert silent.code() is grpc.StatusCode.CANCELLED
        silence.set()


@pytest.mark.usefixtures("no_patience")
def test_a_slow_message_is_waited_for_as_long_as_nobody_else_waits(things_of_one_thread: Any, issuer: Issuer) -> None:
    things = things_of_one_thread
    raw = things.request("ListThings").SerializeToString()
    without_message = things.running._server._arrivals._since

    def slowly() -> Iterator[bytes]:
        until(lambda: len(without_message) == 1)
        yield raw

    with grpc.insecure_channel(things.running.address) as channel:
        call: Any = channel.stream_unary("/motcua.kittest.v1.ThingService/ListThings")
        assert call(slowly(), timeout=30, metadata=(("authorization", f"Bearer {issuer.token(AN)}"),)) == b""


def test_a_call_without_a_message_is_answered_as_grpc_does(things_of_one_thread: Any) -> None:
    with grpc.insecure_channel(things_of_one_thread.running.address) as channel:
        call: Any = channel.stream_unary("/motcua.kittest.v1.ThingService/ListThings")
        with pytest.raises(grpc.RpcError) as caught:
            call(iter(()), timeout=30)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_health_check_is_never_refused(
    things_of_one_thread: Any, holding: Callable[..., Any], gate: threading.Event
) -> None:
    with holding(1 + WAITING), grpc.insecure_channel(things_of_one_thread.running.address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check.future(health_pb2.HealthCheckRequest(), timeout=30)
        gate.set()
        assert answer.result().status == health_pb2.HealthCheckResponse.SERVING


def test_what_waited_longer_than_its_caller_is_not_done(things_of_one_thread: Any, holding: Callable[..., Any]) -> None:
    things = things_of_one_thread
    with holding(1), pytest.raises(motcua_client.DeadlineExceeded):
        things.as_(AN).CreateThing(things.request("CreateThing", unit="units/1"), timeout=0.2)
    assert things.as_(AN).ListThings(things.request("ListThings")).things == []


def test_a_pool_counts_what_waits() -> None:
    gate = threading.Event()
    with CallPool(1) as pool:
        futures = [pool.submit(gate.wait) for _ in range(4)]
        assert pool.waiting == 3
        gate.set()
        assert all(future.result() for future in futures)
        until(lambda: pool.in_flight == 0)
        assert pool.waiting == 0
