"""Few calls work at once; who waits for somebody else lets another work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self, cast

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

import motcua_client
from motcua_client.waiting import wait_for
from motcua_kit.domain import NotFound, RateLimited
from motcua_kit.objects import ObjectStore
from motcua_kit.rpc import turns as module
from motcua_kit.rpc.admission import RETRY_SECONDS
from motcua_kit.rpc.call import Call
from motcua_kit.rpc.deadlines import limit_to
from motcua_kit.rpc.turns import Turns, waiting_for_others
from motcua_kit.testing import citizen

AN = citizen("accounts/an")


def pass_by(turns: Turns, within: Callable[[], object] = lambda: None, patience: float = 0.0) -> bool:
    """Make a call that waits for no longer than that; tell whether it had a turn."""

    def work() -> Message:
        within()
        return Empty()

    try:
        with limit_to(patience):
            turns(Call("s/M", Empty(), cast("Any", None), Empty, cast("Any", None)), work)
    except RateLimited:
        return False
    return True


@pytest.fixture
def turns() -> Turns:
    return Turns(1)


def test_no_more_calls_work_than_there_are_turns() -> None:
    turns = Turns(2)
    seen: list[bool] = []
    assert pass_by(turns, lambda: pass_by(turns, lambda: seen.append(pass_by(turns))))
    assert seen == [False]


def test_a_turn_comes_back_however_a_call_ends(turns: Turns) -> None:
    with pytest.raises(ZeroDivisionError):
        pass_by(turns, lambda: 1 // 0)
    assert pass_by(turns)


def test_who_waits_for_somebody_else_lets_another_work(turns: Turns) -> None:
    seen: list[bool] = []

    def wait() -> None:
        with waiting_for_others(), waiting_for_others():  # a turn is given up once
            seen.append(pass_by(turns, lambda: seen.append(pass_by(turns))))
        seen.append(pass_by(turns))

    assert pass_by(turns, wait)
    assert seen == [False, True, False]
    assert pass_by(turns)


def test_who_waits_for_the_object_store_lets_another_work(turns: Turns) -> None:
    seen: list[bool] = []

    class Store(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            seen.append(pass_by(turns))
            self.send_error(HTTPStatus.NOT_FOUND)

    def ask(port: int) -> None:
        with pytest.raises(NotFound):
            ObjectStore(f"http://127.0.0.1:{port}", "key", "secret", "bucket").stat("object")

    with HTTPServer(("127.0.0.1", 0), Store) as server, ThreadPoolExecutor(1) as store:
        answered = store.submit(server.handle_request)
        assert pass_by(turns, lambda: ask(server.server_port))
        answered.result()
    assert seen == [True]


def test_a_failure_while_others_work_leaves_no_turn_too_many(turns: Turns) -> None:
    def fail() -> None:
        with waiting_for_others():
            raise TimeoutError

    with pytest.raises(TimeoutError):
        pass_by(turns, fail)
    seen: list[bool] = []
    assert pass_by(turns, lambda: seen.append(pass_by(turns)))
    assert seen == [False]


def test_calls_that_hang_in_a_store_do_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, turns: Turns) -> None:
    monkeypatch.setattr(module, "STALL_SECONDS", 0.01)
    began, ends = threading.Event(), threading.Event()

    def hang() -> None:
        began.set()
        ends.wait(timeout=60)

    with ThreadPoolExecutor(1) as another:
        hanging = another.submit(pass_by, turns, hang)
        assert began.wait(timeout=60)
        assert pass_by(turns, patience=30.0)
        assert pass_by(turns, patience=30.0)
        ends.set()
        assert hanging.result()
    seen: list[bool] = []
    assert pass_by(turns, lambda: seen.append(pass_by(turns)))  # as many turns as there were
    assert seen == [False]


def test_as_long_as_turns_come_back_there_is_none_more(monkeypatch: pytest.MonkeyPatch, turns: Turns) -> None:
    monkeypatch.setattr(module, "STALL_SECONDS", 3600.0)
    seen: list[bool] = []
    assert pass_by(turns, lambda: seen.append(pass_by(turns, patience=0.1)))
    assert seen == [False]


class Queue:
    """Calls that come one after the other while the only turn is taken."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.served: list[str] = []
        self._pool = ThreadPoolExecutor(8)

    def join(self, name: str, within: Callable[[], object] = lambda: None, patience: float = 60.0) -> Future[bool]:
        """Let a call come; returns when it waits."""

        def serve() -> None:
            self.served.append(name)
            within()

        before = self.turns.waiting
        call = self._pool.submit(pass_by, self.turns, serve, patience)
        wait_for(lambda: self.turns.waiting > before or call.done(), bool)
        return call

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()


def test_turns_go_round_in_the_order_of_calls(monkeypatch: pytest.MonkeyPatch, turns: Turns) -> None:
    monkeypatch.setattr(module, "STALL_SECONDS", 3600.0)
    with Queue(turns) as queue:
        pass_by(turns, lambda: [queue.join(name) for name in "abcde"])
    assert queue.served == list("abcde")


def test_who_had_a_turn_comes_before_who_had_none(monkeypatch: pytest.MonkeyPatch, turns: Turns) -> None:
    monkeypatch.setattr(module, "STALL_SECONDS", 3600.0)
    with Queue(turns) as queue:

        def holding() -> None:
            queue.join("new")
            wait_for(lambda: turns.waiting, lambda waiting: waiting == 2)

        def waiting() -> None:
            with waiting_for_others():
                queue.join("meanwhile", holding)
            queue.served.append("again")

        pass_by(turns, waiting)
    assert queue.served == ["meanwhile", "again", "new"]


def test_who_gave_up_holds_up_nobody(monkeypatch: pytest.MonkeyPatch, turns: Turns) -> None:
    monkeypatch.setattr(module, "STALL_SECONDS", 3600.0)
    with Queue(turns) as queue:
        pass_by(turns, lambda: (queue.join("late", patience=0.01).result(), queue.join("patient")))
    assert queue.served == ["patient"]
    assert pass_by(turns)


def test_outside_of_calls_nobody_has_a_turn_to_give(turns: Turns) -> None:
    with waiting_for_others():
        pass
    assert pass_by(turns)


def test_a_server_refuses_what_has_a_thread_and_no_turn(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Health checks need none."""
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", 0.0)
    things = start(grpc_threads=2, grpc_working=1)
    stub, repository = things.as_(AN), things.running.app.servicers[0].implementation.things
    works, ends = threading.Event(), threading.Event()
    page = repository.page

    def held(*question: object) -> Any:
        works.set()
        ends.wait(timeout=60)
        return page(*question)

    monkeypatch.setattr(repository, "page", held)
    with ThreadPoolExecutor(1) as sender, grpc.insecure_channel(things.running.address) as channel:
        listing = sender.submit(stub.ListThings, things.request("ListThings"), timeout=60)
        works.wait(timeout=60)
        with pytest.raises(motcua_client.RateLimited) as caught:
            stub.GetThing(things.request("GetThing", name="things/1"))
        assert (caught.value.reason, caught.value.domain) == ("OVERLOADED", "thing.motcua")
        assert caught.value.retry_seconds in RETRY_SECONDS
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=30)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        ends.set()
        assert listing.result().things == []
    with pytest.raises(motcua_client.NotFound):
        stub.GetThing(things.request("GetThing", name="things/1"))
