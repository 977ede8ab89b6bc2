"""Traces as trees, from the file of spans."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Span = dict[str, Any]
MS = 1000


def by_trace(spans: Iterable[Span]) -> dict[str, list[Span]]:
    """Spans of each trace, in the order of their start."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span["trace_id"]].append(span)
    for members in traces.values():
        members.sort(key=lambda span: (span["start"], span["end"]))
    return traces


def orphans(trace: Iterable[Span]) -> list[Span]:
    """Spans whose parent is not in the trace."""
    members = list(trace)
    known = {span["span_id"] for span in members}
    return [span for span in members if span["parent_span_id"] and span["parent_span_id"] not in known]


def hop(span: Span) -> str:
    """What kind of hop a span is: `mongodb`, `rpc server`, `rpc client`, `http`, `task`, `message` or `internal`."""
    attributes, kind = span["attributes"], span["kind"]
    if "db.system" in attributes:
        return str(attributes["db.system"])
    if "rpc.system" in attributes:
        return f"rpc {kind}"
    if "http.method" in attributes or "http.request.method" in attributes:
        return "http"
    return {"consumer": "task", "producer": "message"}.get(kind, "internal")


def draw(trace: list[Span]) -> Iterator[str]:
    """One line a span, indented under its parent: start and length in ms, service, kind, name."""
    known = {span["span_id"] for span in trace}
    children: dict[str, list[Span]] = defaultdict(list)
    for span in trace:
        children[span["parent_span_id"] if span["parent_span_id"] in known else ""].append(span)
    first = min(span["start"] for span in trace)
    last = max(span["end"] for span in trace)
    services = sorted({span["service"] for span in trace})
    yield f"{trace[0]['trace_id']}  {len(trace)} spans, {(last - first) * MS:.0f} ms, services: {', '.join(services)}"

    def branch(parent: str, indent: str) -> Iterator[str]:
        siblings = children[parent]
        for position, span in enumerate(siblings):
            final = position == len(siblings) - 1
            yield _line(span, first, indent + ("└─ " if final else "├─ "))
            yield from branch(span["span_id"], indent + ("   " if final else "│  "))

    yield from branch("", "")


def _line(span: Span, first: float, indent: str) -> str:
    begin = (span["start"] - first) * MS
    length = (span["end"] - span["start"]) * MS
    failed = "  ✗ failed" if span["status"] == "error" else ""
    return f"{begin:8.0f} {length:7.1f} ms  {indent}{span['service']} · {span['name']} ({span['kind']}){failed}"
