"""Traces of what a client does: each user action is the root of one trace."""

import contextlib
from collections.abc import Iterator
from typing import Self

import grpc
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import client_interceptor
from opentelemetry.instrumentation.grpc.grpcext import intercept_channel
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

FLUSH_MS = 200
FLUSH_TIMEOUT_MS = 5_000


class Observation:
    """Sends a client's spans; use it in a `with` block.

    Args:
        endpoint: OTLP/gRPC endpoint; spans are not sent when empty.
        service: the client's name in traces.
    """

    def __init__(self, endpoint: str, service: str) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        if endpoint:
            exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)
            self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=FLUSH_MS))
        self._tracer = self._provider.get_tracer("motcua.demo")

    def __enter__(self) -> Self:
        """Begin to observe HTTP."""
        # Queries carry codes and signatures.
        URLLib3Instrumentor().instrument(
            tracer_provider=self._provider, url_filter=lambda url: str(url).partition("?")[0]
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Send what is left."""
        URLLib3Instrumentor().uninstrument()
        self._provider.shutdown()

    def channel(self, channel: grpc.Channel) -> grpc.Channel:
        """The channel, with a span for each call."""
        interceptor = client_interceptor(tracer_provider=self._provider)  # type: ignore[no-untyped-call]
        return intercept_channel(channel, interceptor)  # type: ignore[no-untyped-call, no-any-return]

    @contextlib.contextmanager
    def action(self, name: str) -> Iterator[str]:
        """One user action; yields the id of its trace, 32 hex digits."""
        token = context.attach(Context())
        try:
            with self._tracer.start_as_current_span(name) as span:
                yield trace.format_trace_id(span.get_span_context().trace_id)
        finally:
            context.detach(token)

    def flush(self) -> None:
        """Send the spans that have ended."""
        self._provider.force_flush(FLUSH_TIMEOUT_MS)


@contextlib.contextmanager
def unobserved() -> Iterator[None]:
    """Looking whether something has happened is no action: it belongs to no trace."""
    token = context.attach(Context())
    try:
        with suppress_instrumentation():
            yield
    finally:
        context.detach(token)
