"""OpenTelemetry, set up in one place, once a process, after any fork: the SDK's threads do not survive one."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from motcua_kit.settings import Profile, ServiceSettings

FLUSH_MS = {Profile.LOCAL: 200, Profile.PRODUCTION: 5_000}


def setup_telemetry(settings: ServiceSettings) -> None:
    """Send this process's spans to the configured endpoint and instrument the libraries that cross its border.

    gRPC is instrumented where servers and channels are made, Flask where an application is made.
    """
    resource = Resource.create({"service.name": settings.service_name, "service.namespace": "motcua"})
    provider = TracerProvider(resource=resource)
    if settings.otel_exporter_otlp_endpoint:
        exporter = OTLPSpanExporter(endpoint=settings.otel_exporter_otlp_endpoint, insecure=True)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=FLUSH_MS[settings.profile]))
    trace.set_tracer_provider(provider)
    PymongoInstrumentor().instrument(capture_statement=False)  # statements hold personal data
    URLLib3Instrumentor().instrument(url_filter=lambda url: url.partition("?")[0])  # signatures stand in the query
    CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]


def flush_telemetry() -> None:
    """Send what is still held back; call it before the process ends."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(5_000)
