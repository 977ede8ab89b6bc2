"""Traces in the form in which Jaeger's query API gives them."""

from collections.abc import Iterator, Mapping
from typing import Any

from motcua_devstack.traces import Span

MICRO = 1_000_000
KIND, STATUS = "span.kind", "otel.status_code"


def spans_of(answer: Mapping[str, Any]) -> Iterator[Span]:
    """The spans in an answer of `/api/traces/{id}`, as `motcua_devstack.spans` describes them."""
    for trace in answer["data"]:
        for span in trace["spans"]:
            yield _span(span, trace["processes"][span["processID"]]["serviceName"])


def _span(span: Mapping[str, Any], service: str) -> Span:
    tags = {tag["key"]: tag["value"] for tag in span["tags"]}
    references = span.get("references", [])
    parents = [one["spanID"] for one in references if one["refType"] == "CHILD_OF"]
    start = span["startTime"] / MICRO
    return {
        "trace_id": span["traceID"],
        "span_id": span["spanID"],
        "parent_span_id": parents[0] if parents else "",
        "service": service,
        "name": span["operationName"],
        "kind": tags.pop(KIND, "internal"),
        "start": start,
        "end": start + span["duration"] / MICRO,
        "status": str(tags.pop(STATUS, "unset")).lower(),
        "attributes": tags,
        "links": [
            {"trace_id": one["traceID"], "span_id": one["spanID"]}
            for one in references
            if one["refType"] == "FOLLOWS_FROM"
        ],
    }
