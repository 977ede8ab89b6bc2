"""Rounds that alternate: what disturbs the machine disturbs the suite and its limit alike."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from motcua_devstack.bench.budget import TimeIsOver, limited
from motcua_devstack.bench.rows import Bench, Probe, Round, Row, row_of


def measure(probes: Sequence[Probe], bench: Bench, rounds: int, deadline: float) -> tuple[list[Row], list[str]]:
    """Set probes up, measure them in turns, and sum up; what one has measured counts even if the next cannot start.

    Args:
        probes: those of one row.
        bench: what they work with.
        rounds: how many samples each gives.
        deadline: moment of `time.monotonic` at which it ends, wherever it stands.

    Returns:
        The rows, and the names of the probes that there was no time for.
    """
    taken: list[list[Round]] = [[] for _ in probes]
    with contextlib.ExitStack() as cleanup, contextlib.suppress(TimeIsOver), limited(deadline):
        for number in range(rounds):
            for probe, kept in zip(probes, taken, strict=True):
                if not number:
                    cleanup.callback(probe.close)
                    probe.setup(bench)
                kept.append(_round(probe, limit_first=number % 2 == 1))
    rows = [row_of(probe, kept, rounds) for probe, kept in zip(probes, taken, strict=True) if kept]
    return rows, [probe.name for probe, kept in zip(probes, taken, strict=True) if not kept]


def _round(probe: Probe, *, limit_first: bool) -> Round:
    """One sample of each; who comes first changes, so that neither always finds the caches warm."""
    if limit_first:
        limit = probe.limit()
        return Round(probe.measure(), limit)
    suite = probe.measure()
    return Round(suite, probe.limit())
