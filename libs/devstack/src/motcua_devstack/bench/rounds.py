"""Rounds that alternate: what disturbs the machine disturbs the suite and its limit alike."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from motcua_devstack.bench.rows import Bench, Probe, Round, Row, row_of


def measure(probes: Sequence[Probe], bench: Bench, rounds: int, deadline: float) -> list[Row]:
    """Set probes up, measure them in turns, and sum up.

    Args:
        probes: those of one row.
        bench: what they work with.
        rounds: how many samples each gives.
        deadline: moment of `time.monotonic` after which no round is begun, except the first.
    """
    with contextlib.ExitStack() as cleanup:
        for probe in probes:
            cleanup.callback(probe.close)
            probe.setup(bench)
        taken: list[list[Round]] = [[] for _ in probes]
        for number in range(rounds):
            if number and time.monotonic() > deadline:
                bench.say(f"  the time is over after {number} of {rounds} rounds")
                break
            for probe, kept in zip(probes, taken, strict=True):
                kept.append(_round(probe, limit_first=number % 2 == 1))
        return [row_of(probe, kept) for probe, kept in zip(probes, taken, strict=True)]


def _round(probe: Probe, *, limit_first: bool) -> Round:
    """One sample of each; who comes first changes, so that neither always finds the caches warm."""
    if limit_first:
        limit = probe.limit()
        return Round(probe.measure(), limit)
    suite = probe.measure()
    return Round(suite, probe.limit())
