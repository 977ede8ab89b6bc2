"""Spans of the store's operations: one for each command, below the span of whatever asks for it.

The stock instrumentor makes a span, if only to throw it away, for operations of traces that are not kept, and tells the
server's words about a failure, in which a duplicate key shows its value. Names and attributes are the stock ones,
without the server's address.
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

_tracer = trace.get_tracer(__name__)


class StoreTrace(CommandListener):
    """Makes the spans. What happens outside of every trace, such as looks of the relay, has none."""

    def __init__(self) -> None:
        self._open: dict[int, Span] = {}
        """By the driver's number of the operation."""

    def started(self, event: CommandStartedEvent) -> None:
        """Begin a span, if the trace is kept; most are not, so that is asked first."""
        if not trace.get_current_span().is_recording() or not is_instrumentation_enabled():
            return
        database, command = event.database_name, event.command_name
        attributes = {"db.system": "mongodb", "db.name": database, "db.operation": command}
        if isinstance(collection := event.command.get(command), str):  # nothing else: the rest is people's data
            attributes["db.mongodb.collection"] = collection
        span = _tracer.start_span(f"{database}.{command}", kind=SpanKind.CLIENT, attributes=attributes)
        self._open[event.request_id] = span

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """End the span."""
        if self._open and (span := self._open.pop(event.request_id, None)):
            span.end()

    def failed(self, event: CommandFailedEvent) -> None:
        """End the span with the name of the fault."""
        if span := self._open.pop(event.request_id, None):
            fault = str(event.failure.get("codeName") or event.failure.get("errtype") or "unknown")
            span.set_attribute("error.type", fault)
            span.set_status(Status(StatusCode.ERROR, fault))
            span.end()
