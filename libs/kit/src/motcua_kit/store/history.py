"""What a document keeps of each change: who, what, when, why, under which trace and request id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opentelemetry import trace

from motcua_kit.command import Command


@dataclass(frozen=True)
class HistoryEntry:
    """One change of an aggregate: who, what, when, why, under which trace and request id.

    An aggregate takes a request of a caller once, so (actor, action, request id) is in its history once.
    """

    time: datetime
    actor: str
    action: str
    version: int
    on_behalf_of: str = ""
    reason: str = ""
    trace_id: str = ""
    request_id: str = ""


def entry_of(command: Command, version: int) -> dict[str, Any]:
    """Return the entry for a command that makes this version, as it is stored."""
    context = trace.get_current_span().get_span_context()
    return {
        "time": command.time,
        "actor": command.actor,
        "on_behalf_of": command.on_behalf_of,
        "action": command.name,
        "reason": command.reason,
        "version": version,
        "trace_id": f"{context.trace_id:032x}" if context.is_valid else "",
        "request_id": command.request_id,
    }
