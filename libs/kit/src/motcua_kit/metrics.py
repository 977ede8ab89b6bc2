"""Our metrics; `telemetry/registry.yaml` says what each means, and a test compares the two.

They are few: what an alert or a capacity question needs. Whatever is per request in detail is in the traces.
"""

from __future__ import annotations

from opentelemetry import metrics

METER = "motcua"

CALL_DURATION = "rpc.server.call.duration"
CALLS_REFUSED = "motcua.rpc.refused"
TASK_DURATION = "motcua.task.duration"
OUTBOX_OLDEST_AGE = "motcua.outbox.oldest_age"
DEAD_LETTERS = "motcua.dead_letters"
QUEUE_LENGTH = "motcua.queue.length"

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Bounds of the buckets of durations."""

_meter = metrics.get_meter(METER)

call_duration = _meter.create_histogram(
    CALL_DURATION, "s", "Duration of a call as the server sees it.", explicit_bucket_boundaries_advisory=SECONDS
)
calls_refused = _meter.create_counter(CALLS_REFUSED, "{call}", "Calls refused because too many wait for a thread.")
task_duration = _meter.create_histogram(
    TASK_DURATION, "s", "Duration of one attempt at a task.", explicit_bucket_boundaries_advisory=SECONDS
)
