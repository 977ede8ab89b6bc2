"""Spans of the store's operations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, Tracer
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.store import Store, tracing
from motcua_kit.store.connection import Document

NAME = "NGUYỄN THỊ AN"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> Tracer:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    return provider.get_tracer("test")


@pytest.fixture
def traced(servers: EmbeddedServers, store: Store) -> Iterator[Database[Document]]:
    """The database of this test, through a client that is listened to."""
    with MongoClient[Document](servers.mongodb_uri, event_listeners=[tracing.StoreTrace()]) as client:
        yield client[store.database.name]


def test_an_operation_is_a_span_below_the_present_one(
    traced: Database[Document], tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    with tracer.start_as_current_span("call") as call:
        traced["things"].insert_one({"_id": 1, "name": NAME})
        assert traced["things"].find_one({"name": NAME})
    insert, find, _ = exporter.get_finished_spans()
    database = traced.name
    assert [insert.name, find.name] == [f"{database}.insert", f"{database}.find"]
    assert [span.parent.span_id for span in (insert, find) if span.parent] == [call.get_span_context().span_id] * 2
    assert {insert.kind, find.kind} == {SpanKind.CLIENT}
    assert dict(find.attributes or {}) == {
        "db.system": "mongodb",
        "db.name": database,
        "db.operation": "find",
        "db.mongodb.collection": "things",
    }


def test_a_failure_is_named_without_what_the_server_says(
    traced: Database[Document], tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    with tracer.start_as_current_span("call"), pytest.raises(OperationFailure, match="\\$unknown"):
        traced["things"].find_one({"name": {"$unknown": NAME}})
    failed = of_store(exporter)
    assert [span.status.status_code for span in failed] == [StatusCode.ERROR]
    assert [(span.attributes or {})["error.type"] for span in failed] == ["BadValue"]
    assert not any("$unknown" in str(span.to_json()) or NAME in str(span.to_json(indent=None)) for span in failed)


def test_what_is_in_no_kept_trace_has_no_span(
    traced: Database[Document], tracer: Tracer, exporter: InMemorySpanExporter
) -> None:
    things = traced["things"]
    things.insert_one({"_id": 1})
    with trace.use_span(NonRecordingSpan(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags.get_default()))):
        things.insert_one({"_id": 2})
    with tracer.start_as_current_span("relay"), suppress_instrumentation():
        things.insert_one({"_id": 3})
    assert of_store(exporter) == []
    assert things.count_documents({}) == 3


def of_store(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if "db.system" in (span.attributes or {})]
