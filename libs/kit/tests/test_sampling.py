"""Which traces are kept."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from motcua_kit.sampling import sampler

READ = "/motcua.dossier.v1.DossierService/GetDossier"
COMMAND = "/motcua.dossier.v1.DossierService/SubmitDossier"


def kept(name: str, share: float, parent: TraceFlags | None = None) -> bool:
    tracer = TracerProvider(sampler=sampler(share)).get_tracer("test")
    caller = None if parent is None else NonRecordingSpan(SpanContext(1, 2, is_remote=True, trace_flags=parent))
    context = None if caller is None else trace.set_span_in_context(caller)
    with tracer.start_as_current_span(name, context) as span:
        with tracer.start_as_current_span("motcua_dossier.find") as below:
            assert below.is_recording() is span.is_recording()
        assert span.get_span_context().is_valid  # incidents and log lines name it in any case
        return span.is_recording()


@pytest.mark.parametrize("name", [COMMAND, "run/dossier.issue_slip", "GET /verify", "/motcua.x.v1.X/Getaway/no", "Get"])
def test_what_is_no_read_is_always_traced(name: str) -> None:
    assert kept(name, 0)


@pytest.mark.parametrize("method", ["GetDossier", "ListQueue", "LookupCertificate"])
def test_reads_are_traced_by_their_share(method: str) -> None:
    name = f"/motcua.dossier.v1.DossierService/{method}"
    assert not kept(name, 0)
    assert kept(name, 1)
    assert 0 < sum(kept(name, 0.5) for _ in range(200)) < 200


def test_the_caller_decides_where_there_is_one() -> None:
    sampled, not_sampled = TraceFlags(TraceFlags.SAMPLED), TraceFlags(TraceFlags.DEFAULT)
    assert kept(READ, 0, sampled)
    assert not kept(COMMAND, 1, not_sampled)
