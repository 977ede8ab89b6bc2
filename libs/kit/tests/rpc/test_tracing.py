"""The span of a call, and what lies below it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from motcua_kit.clock import system_clock
from motcua_kit.rpc import tracing
from motcua_kit.rpc.call import Call

RPC = "motcua.test.v1.ThingService/GetThing"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    return exporter


def traced(
    kept: InMemorySpanExporter, status: grpc.StatusCode | None, *metadata: tuple[str, str | bytes]
) -> ReadableSpan:
    """The span of a call that ends with a status; inside it must be the current one."""
    context = SimpleNamespace(code=lambda: status, invocation_metadata=lambda: metadata)
    call = Call(RPC, Empty(), cast("Any", context), Empty, system_clock)
    seen: list[int] = []

    def proceed() -> Empty:
        seen.append(trace.get_current_span().get_span_context().span_id)
        if status is not None:
            message = "aborted"
            raise RuntimeError(message)
        return Empty()

    if status is None:
        assert tracing.Trace()(call, proceed) == Empty()
    else:
        with pytest.raises(RuntimeError, match="aborted"):
            tracing.Trace()(call, proceed)
    assert not trace.get_current_span().get_span_context().is_valid
    (span,) = kept.get_finished_spans()
    assert span.context
    assert seen == [span.context.span_id]
    return span


def test_a_call_is_named_by_service_and_method(kept: InMemorySpanExporter) -> None:
    span = traced(kept, None)
    assert (span.name, span.kind, span.parent) == (f"/{RPC}", trace.SpanKind.SERVER, None)
    assert span.attributes == {
        "rpc.system": "grpc",
        "rpc.service": "motcua.test.v1.ThingService",
        "rpc.method": "GetThing",
        "rpc.grpc.status_code": 0,
    }
    assert span.status.status_code is StatusCode.UNSET


def test_it_lies_below_its_caller(kept: InMemorySpanExporter) -> None:
    span = traced(kept, None, ("traceparent", PARENT), ("some-bin", b"\x00"))
    assert span.parent
    assert f"{span.parent.trace_id:032x}-{span.parent.span_id:016x}" in PARENT


@pytest.mark.parametrize(
    ("status", "said"),
    [(grpc.StatusCode.NOT_FOUND, StatusCode.UNSET), (grpc.StatusCode.INTERNAL, StatusCode.ERROR)],
)
def test_only_a_fault_of_the_server_is_an_error(
    kept: InMemorySpanExporter, status: grpc.StatusCode, said: StatusCode
) -> None:
    span = traced(kept, status)
    assert span.status.status_code is said
    assert (span.attributes or {})["rpc.grpc.status_code"] == status.value[0]
    assert not span.events
