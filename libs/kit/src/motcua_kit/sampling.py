"""Which traces are kept: all that change something, and a share of those that only read (docs/adr/0023)."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

READS = ("Get", "List", "Lookup")
"""How the methods begin that only read; a method that begins otherwise counts as a command."""


def sampler(share_of_reads: float) -> Sampler:
    """Return the sampler of a process. A span below another follows it, also when that is a caller's.

    Args:
        share_of_reads: from 0 to 1; of reads that nobody else has begun to trace.
    """
    return ParentBased(_SomeReads(share_of_reads))


class _SomeReads(Sampler):
    """Decides for the first span of a trace, by its name: that of a call is `/package.Service/Method`."""

    def __init__(self, share: float) -> None:
        self._some = TraceIdRatioBased(share)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """See `Sampler`."""
        read = name.startswith("/") and name.rpartition("/")[2].startswith(READS)
        chosen = self._some if read else ALWAYS_ON
        return chosen.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """See `Sampler`."""
        return f"SomeReads{{{self._some.rate}}}"
