"""The client against a real gRPC server that answers as the suite does."""

import socket
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from google.protobuf import any_pb2, struct_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from motcua_client import (
    Client,
    Conflict,
    DeadlineExceeded,
    FieldViolation,
    Internal,
    NotFound,
    StaticToken,
    Unavailable,
    ValidationFailed,
    connect,
)

METHOD = "/test.v1.EchoService/Echo"
Handler = Callable[[struct_pb2.Struct, grpc.ServicerContext], struct_pb2.Struct]


@dataclass
class Server:
    """Remembers what it was sent."""

    address: str
    metadata: list[dict[str, str | bytes]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@contextmanager
def serving(handler: Handler) -> Iterator[Server]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    seen = Server(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")

    def remember(request: struct_pb2.Struct, context: grpc.ServicerContext) -> struct_pb2.Struct:
        seen.metadata.append(dict(context.invocation_metadata()))
        seen.seconds.append(context.time_remaining())
        return handler(request, context)

    method = grpc.unary_unary_rpc_method_handler(
        remember,
        request_deserializer=struct_pb2.Struct.FromString,
        response_serializer=struct_pb2.Struct.SerializeToString,
    )
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.v1.EchoService", {"Echo": method})])
    server.start()
    try:
        yield seen
    finally:
        server.stop(0).wait()


def echo(client: Client, timeout: float | None = None) -> struct_pb2.Struct:
    call = client.channel.unary_unary(
        METHOD,
        request_serializer=struct_pb2.Struct.SerializeToString,
        response_deserializer=struct_pb2.Struct.FromString,
    )
    answer = call(struct_pb2.Struct(), timeout=timeout)
    assert isinstance(answer, struct_pb2.Struct)
    return answer


def refuse(code: int, message: str, *details: object) -> Handler:
    def handler(_: struct_pb2.Struct, context: grpc.ServicerContext) -> struct_pb2.Struct:
        packed = []
        for detail in details:
            one = any_pb2.Any()
            one.Pack(detail)  # type: ignore[arg-type]
            packed.append(one)
        context.abort_with_status(rpc_status.to_status(status_pb2.Status(code=code, message=message, details=packed)))
        raise AssertionError

    return handler


ROUNDED = 0.1
"""gRPC rounds a deadline up a little when it sends it."""


def answer(request: struct_pb2.Struct, _: grpc.ServicerContext) -> struct_pb2.Struct:
    return request


def test_call_carries_token_deadline_and_trace() -> None:
    context = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    with serving(answer) as server, connect(server.address, StaticToken("secret"), deadline=7) as client:
        with trace.use_span(NonRecordingSpan(context)):
            echo(client)
        metadata = server.metadata[0]
        assert metadata["authorization"] == "Bearer secret"
        assert str(metadata["traceparent"]).split("-")[1:3] == [f"{0xABC:032x}", f"{0xDEF:016x}"]
        assert 5 < server.seconds[0] < 7 + ROUNDED


def test_own_deadline_counts() -> None:
    with serving(answer) as server, connect(server.address, deadline=7) as client:
        echo(client, timeout=3)
        assert server.seconds[0] < 3 + ROUNDED


def test_refusal_becomes_typed_exception_with_everything_the_server_said() -> None:
    handler = refuse(
        code_pb2.INVALID_ARGUMENT,
        "the plot area must be positive",
        error_details_pb2.ErrorInfo(reason="AREA_NOT_POSITIVE", domain="land.motcua.vn", metadata={"area": "-1"}),
        error_details_pb2.LocalizedMessage(locale="vi", message="Diện tích phải lớn hơn 0"),
        error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field="parcel.area", description="must be positive", reason="AREA_NOT_POSITIVE"
                )
            ]
        ),
    )
    with (
        serving(handler) as server,
        connect(server.address) as client,
        pytest.raises(ValidationFailed, match=r"AREA_NOT_POSITIVE: .*parcel\.area") as caught,
    ):
        echo(client)
    error = caught.value
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (error.reason, error.domain, error.metadata) == ("AREA_NOT_POSITIVE", "land.motcua.vn", {"area": "-1"})
    assert error.localized_message == "Diện tích phải lớn hơn 0"
    assert error.violations == (FieldViolation("parcel.area", "must be positive", "AREA_NOT_POSITIVE"),)
    assert error.status is not None
    assert error.status.code == code_pb2.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("code", "kind"),
    [(code_pb2.NOT_FOUND, NotFound), (code_pb2.ABORTED, Conflict), (code_pb2.UNIMPLEMENTED, Internal)],
)
def test_each_code_has_its_class(code: int, kind: type[Exception]) -> None:
    with serving(refuse(code, "no")) as server, connect(server.address) as client, pytest.raises(kind):
        echo(client)
    assert len(server.metadata) == 1, "only UNAVAILABLE is tried again"


def test_unavailable_is_tried_again() -> None:
    tries = []

    def handler(request: struct_pb2.Struct, context: grpc.ServicerContext) -> struct_pb2.Struct:
        tries.append(request)
        if len(tries) < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "starting")
        return request

    with serving(handler) as server, connect(server.address) as client:
        echo(client)
    assert len(tries) == 3


@contextmanager
def swallowing() -> Iterator[str]:
    """An address that answers nothing, as that of a pod that is gone: whoever connects waits behind a full backlog."""
    with socket.socket() as listener, ExitStack() as crowd:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            one = crowd.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_an_address_that_swallows_connections_is_given_up_before_the_call_is_over() -> None:
    with (
        swallowing() as address,
        connect(address, deadline=15, wait_for_ready=False) as client,
        pytest.raises(Unavailable),
    ):
        echo(client)


def test_nobody_there_is_unavailable_at_once_when_asked_not_to_wait() -> None:
    with serving(answer) as server:
        address = server.address
    with connect(address, wait_for_ready=False) as client, pytest.raises(Unavailable):
        echo(client)


def test_nobody_there_is_deadline_exceeded_when_waiting() -> None:
    with serving(answer) as server:
        address = server.address
    with connect(address, deadline=0.3) as client, pytest.raises(DeadlineExceeded):
        echo(client)
