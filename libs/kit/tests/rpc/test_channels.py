"""Calls from one service to another: own credentials, on whose behalf, within what is left of the deadline."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

import motcua_client
from motcua_kit.access import Caller
from motcua_kit.rpc.call import Call, acting_for, enter
from motcua_kit.rpc.channels import Channels
from motcua_kit.rpc.deadlines import MARGIN_SECONDS, limit_to, remaining
from motcua_kit.rpc.turns import Turns
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.testing import Issuer, citizen, service_caller


@contextmanager
def token_endpoint(issuer: Issuer) -> Iterator[str]:
    """An issuer over HTTP that gives every client a token for the service `permits`."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._answer({"token_endpoint": f"{url}/token", "issuer": url})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            token = issuer.token(service_caller("permits"))
            self._answer({"access_token": token, "token_type": "Bearer", "expires_in": 600})

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield url
        server.shutdown()
        thread.join()


class Seen(grpc.GenericRpcHandler):
    """Answers every call with nothing, and keeps what came with it."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {}
        self.seconds = 0.0
        self.meanwhile: Callable[[], object] = lambda: None

    def service(self, _details: object) -> Any:
        def handle(_request: bytes, context: grpc.ServicerContext) -> bytes:
            self.metadata = dict(context.invocation_metadata())
            self.seconds = context.time_remaining()
            self.meanwhile()
            return b""

        return grpc.unary_unary_rpc_method_handler(handle)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def channels(seen: Seen, issuer: Issuer) -> Iterator[Channels]:
    server = grpc.server(ThreadPoolExecutor(1), handlers=[seen])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with token_endpoint(issuer) as url:
        settings = ServiceSettings(
            profile=Profile.LOCAL,
            service_name="permits",
            mongodb_uri="unused",
            issuer=url,
            client_secret="of-this-test",
            land_address=f"127.0.0.1:{port}",
        )
        made = Channels(settings)
        yield made
        made.close()
    server.stop(None).wait()


ROUNDED = 0.1
"""gRPC sends a deadline of ten seconds and more in tenths of a second, rounded up."""


def call(channels: Channels, **options: Any) -> None:
    method: Any = channels.to("land").unary_unary("/motcua.kittest.v1.X/Y")
    method(b"", **options)


def serving(caller: Caller) -> None:
    enter(Call("x", None, None, object, time.time, caller))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def own_context() -> Iterator[None]:
    """Each test serves a call of its own."""
    serving(Caller())
    yield
    serving(Caller())


def test_a_service_calls_with_its_own_token_and_a_deadline(channels: Channels, seen: Seen, issuer: Issuer) -> None:
    call(channels)
    token = seen.metadata["authorization"].removeprefix("Bearer ")
    assert issuer.verifier.verify(token) == service_caller("permits")
    assert 5 < seen.seconds < 10 + ROUNDED
    assert "on-behalf-of" not in seen.metadata


def test_it_says_for_whom_it_acts(channels: Channels, seen: Seen) -> None:
    serving(citizen("accounts/an"))
    call(channels)
    assert seen.metadata["on-behalf-of"] == "accounts/an"
    serving(Caller("services/dossier", "service", on_behalf_of="accounts/binh"))
    call(channels)
    assert seen.metadata["on-behalf-of"] == "accounts/binh"
    serving(Caller("services/dossier", "service"))
    call(channels)
    assert "on-behalf-of" not in seen.metadata
    assert acting_for() == ""


def test_an_inner_call_does_not_outlive_the_outer(channels: Channels, seen: Seen) -> None:
    with limit_to(2.0):
        call(channels)
    assert seen.seconds < 2.1
    with limit_to(60.0):
        call(channels, timeout=1.0)
    assert seen.seconds < 1.1


def test_others_work_while_a_call_waits_for_another_service(channels: Channels, seen: Seen) -> None:
    turns = Turns(1)
    made = Call("s/M", Empty(), cast("Any", None), Empty, cast("Any", None))
    others: list[Message] = []
    seen.meanwhile = lambda: others.append(turns(made, Empty))

    def work() -> Message:
        call(channels)
        return Empty()

    turns(made, work)
    assert others == [Empty()]


def test_one_channel_a_service(channels: Channels) -> None:
    assert channels.to("land") is channels.to("land")
    with pytest.raises(ValueError, match="dossier_address is not set"):
        channels.to("dossier")


def test_what_is_left() -> None:
    assert remaining(5.0) == 5.0
    assert remaining(None) is None
    with limit_to(None):
        assert remaining(5.0) == 5.0
    with limit_to(1.0):
        left = remaining(5.0)
        assert left is not None
        assert 0.5 < left <= 1.0 - MARGIN_SECONDS
        assert remaining(0.1) == 0.1
        with limit_to(0.2):
            inner = remaining(None)
            assert inner is not None
            assert inner <= 0.2
    with limit_to(-1.0):
        assert remaining(5.0) == 0.0


def test_on_behalf_of_is_believed_from_services_only(start: Callable[..., Any]) -> None:
    things = start()
    seen_callers: list[str] = []
    servicer = things.running.app.servicers[0].implementation
    original = servicer.things.get

    def get(identity: str) -> Any:
        seen_callers.append(acting_for())
        return original(identity)

    servicer.things.get = get
    request = things.request("GetThing", name="things/1")
    for caller in (service_caller("permits"), citizen("accounts/an")):
        with pytest.raises(motcua_client.NotFound):
            things.as_(caller).GetThing(request, metadata=(("on-behalf-of", "accounts/victim"),))
    assert seen_callers == ["accounts/victim", "accounts/an"]
