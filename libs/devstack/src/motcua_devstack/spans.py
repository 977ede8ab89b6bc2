"""An OTLP/gRPC receiver that keeps spans in a file, one JSON object a line.

`python -m motcua_devstack.spans PORT FILE`. A span: trace_id, span_id, parent_span_id (hex; empty for a root), service,
name, kind, start, end (seconds since 1970), status, attributes, links.
"""

import json
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path
from typing import Any, TextIO

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from motcua_devstack.ports import HOST

NANO = 1_000_000_000
KIND = "SPAN_KIND_"
STATUS = "STATUS_CODE_"


def span_record(span: trace_pb2.Span, service: str) -> dict[str, Any]:
    """The span as the file holds it."""
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": span.parent_span_id.hex(),
        "service": service,
        "name": span.name,
        "kind": trace_pb2.Span.SpanKind.Name(span.kind).removeprefix(KIND).lower(),
        "start": span.start_time_unix_nano / NANO,
        "end": span.end_time_unix_nano / NANO,
        "status": trace_pb2.Status.StatusCode.Name(span.status.code).removeprefix(STATUS).lower(),
        "attributes": {one.key: _value(one.value) for one in span.attributes},
        "links": [{"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()} for link in span.links],
    }


def _value(value: common_pb2.AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: _value(one.value) for one in value.kvlist_value.values}
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind) if kind else None


class SpanFile(trace_service_pb2_grpc.TraceServiceServicer):
    """Appends what it receives to a file and answers only when it is written."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lock = threading.Lock()

    def Export(  # noqa: N802 - the name of the RPC
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Keep the spans."""
        del context
        lines = []
        for of_resource in request.resource_spans:
            names = {one.key: one.value.string_value for one in of_resource.resource.attributes}
            for of_scope in of_resource.scope_spans:
                lines += [json.dumps(span_record(span, names.get("service.name", ""))) for span in of_scope.spans]
        with self._lock:
            self._file.writelines(line + "\n" for line in lines)
            self._file.flush()
        return trace_service_pb2.ExportTraceServiceResponse()


def read(file: Path) -> list[dict[str, Any]]:
    """All whole spans in the file."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


def main() -> None:
    """Receive until SIGTERM."""
    port, path = sys.argv[1], Path(sys.argv[2])
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with path.open("a", encoding="utf-8") as file:
        server = grpc.server(futures.ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(SpanFile(file), server)  # type: ignore[no-untyped-call]
        server.add_insecure_port(f"{HOST}:{port}")
        server.start()
        stop.wait()
        server.stop(2).wait()


if __name__ == "__main__":
    main()
