"""OpenTelemetry, set up in one place, once a process, after any fork: the SDK's threads do not survive one."""

from __future__ import annotations

import os
import socket

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pymongo import monitoring

from motcua_kit.sampling import sampler
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.store.tracing import StoreTrace

FLUSH_MS = {Profile.LOCAL: 200, Profile.PRODUCTION: 5_000}
METRICS_MS = {Profile.LOCAL: 1_000, Profile.PRODUCTION: 30_000}


def setup_telemetry(settings: ServiceSettings) -> None:
    """Send this process's spans and metrics where the settings say; instrument the libraries that cross its border.

    gRPC is instrumented where servers and channels are made, Flask where an application is made.
    """
    resource = Resource.create(
        {
            "service.name": settings.service_name,
            "service.namespace": "motcua",
            "service.instance.id": f"{socket.gethostname()}/{os.getpid()}",  # each child of a worker counts for itself
        }
    )
    provider = TracerProvider(resource=resource, sampler=sampler(settings.trace_reads))
    if settings.otel_exporter_otlp_endpoint:
        exporter = OTLPSpanExporter(endpoint=settings.otel_exporter_otlp_endpoint, insecure=True)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=FLUSH_MS[settings.profile]))
    trace.set_tracer_provider(provider)
    if settings.otel_metrics_endpoint:
        sender = OTLPMetricExporter(endpoint=settings.otel_metrics_endpoint, insecure=True)
        reader = PeriodicExportingMetricReader(sender, export_interval_millis=METRICS_MS[settings.profile])
        metrics.set_meter_provider(MeterProvider([reader], resource))
    monitoring.register(StoreTrace())
    unmeasured = NoOpMeterProvider()  # what an alert needs of calls and tasks our own metrics say
    URLLib3Instrumentor().instrument(
        url_filter=lambda url: url.partition("?")[0],  # signatures stand in the query
        meter_provider=unmeasured,
    )
    CeleryInstrumentor().instrument(meter_provider=unmeasured)  # type: ignore[no-untyped-call]


def flush_telemetry() -> None:
    """Send what is still held back; call it before the process ends."""
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        if isinstance(provider, TracerProvider | MeterProvider):
            provider.force_flush(5_000)
