"""The span of a call, outermost of the stages: what the call causes lies below it.

The stock interceptor takes a quarter of the time of a call that does nothing, whether its span is kept or not; this
stage takes a third of that: the stock context manager alone costs as much as a span that is not kept. Names and
attributes are the stock ones, without the caller's address and program.
"""

from __future__ import annotations

import grpc
from google.protobuf.message import Message
from opentelemetry import context, propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from motcua_kit.rpc.call import Call, Proceed

PARENT = "traceparent"
"""Metadata of a call whose caller has a trace."""

FAULTS = frozenset(
    {
        *(grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNIMPLEMENTED),
        *(grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DATA_LOSS),
    }
)
"""Statuses by which a server says that it failed, and not its caller."""

_tracer = trace.get_tracer(__name__)


class Trace:
    """Makes the span of a call, below that of its caller."""

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Run the call inside its span."""
        service, _, method = call.rpc.partition("/")
        metadata = call.metadata
        span = _tracer.start_span(
            f"/{call.rpc}",
            propagate.extract(metadata) if PARENT in metadata else None,
            SpanKind.SERVER,
            {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method},
        )
        before = context.attach(trace.set_span_in_context(span))
        try:
            return proceed()
        finally:
            context.detach(before)
            if span.is_recording():
                status = call.status
                span.set_attribute("rpc.grpc.status_code", status.value[0])
                if status in FAULTS:
                    span.set_status(Status(StatusCode.ERROR, status.name))
                span.end()
