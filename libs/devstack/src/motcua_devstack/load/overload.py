"""Far more calls than a server can do, and whether it stays itself: quick refusals, steady work, quick recovery.

The sender shares the machine with the server, so the rates are ratios of one run and no capacity.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from motcua_devstack.load.bystander import bystander
from motcua_devstack.load.calls import Call, Send, closed_loop, open_loop

RECOVERED = 0.8
"""Share of the best rate from which the server counts as recovered, and that it has to keep under overload."""

SENT = 0.9
"""Share of the planned calls that must be sent, or nothing is proved."""

RECOVERY_SECONDS = 5.0
WINDOW_SECONDS = 0.5
LONGEST_RECOVERY_SECONDS = 30.0


@dataclass(frozen=True)
class Plan:
    """What is done to the server.

    Attributes:
        seconds: of overload.
        warm_seconds: of the search for the best rate, before.
        times: calls sent, as a multiple of the best rate.
    """

    seconds: float = 60.0
    warm_seconds: float = 5.0
    times: float = 10.0


@dataclass(frozen=True)
class Report:
    """A run in figures: rates in calls a second, times in seconds, memory in MiB.

    Attributes:
        best_rate: answered, without overload.
        sent_rate: sent under overload.
        sent_times: that as a multiple of the best rate.
        held_back: calls that were due and not sent, as too many were under way: the server is late with all it tells.
        planned_times: the multiple that was planned.
        answered_rate: answered under overload.
        kept: the one as a share of the other.
        refused: calls that were told to come back later.
        refused_without_time: such that were not told when.
        others: calls that ended otherwise, by status.
        refused_p50: time to a refusal, as a bystander waits for it.
        refused_p99: the same.
        answered_p50: time to an answer, as a bystander waits for it.
        answered_p99: the same.
        recovery_seconds: until the server is back at `RECOVERED` of its best; None when it never was.
        memory_before: of the server's process.
        memory_most: the most under overload.
        memory_after: once recovered.
    """

    best_rate: float
    sent_rate: float
    sent_times: float
    held_back: int
    planned_times: float
    answered_rate: float
    kept: float
    refused: int
    refused_without_time: int
    others: dict[str, int]
    refused_p50: float | None
    refused_p99: float | None
    answered_p50: float | None
    answered_p99: float | None
    recovery_seconds: float | None
    memory_before: float
    memory_most: float
    memory_after: float

    @property
    def held(self) -> bool:
        """Whether the server stayed itself, under the load that was planned."""
        loaded = self.sent_times >= SENT * self.planned_times
        recovered = self.recovery_seconds is not None and self.recovery_seconds <= RECOVERY_SECONDS
        return loaded and self.kept >= RECOVERED and recovered and not self.refused_without_time and not self.others

    def as_json(self) -> dict[str, Any]:
        """All figures, and the verdict."""
        return {**asdict(self), "held": self.held}


def overload(call: Call, plan: Plan, memory: Callable[[], float], told: Callable[[str], None]) -> Report:
    """Find the best rate, send a multiple of it, and watch the server recover.

    Args:
        call: what is sent.
        plan: for how long, how much.
        memory: of the server's process now, in MiB.
        told: gets a line of progress.
    """
    with call.sender() as send, bystander(call) as stand_by:
        closed_loop(send, plan.warm_seconds / 2)  # connections, caches
        best = closed_loop(send, plan.warm_seconds)
        before = memory()
        told(f"best rate {best:.0f}/s; now {plan.times:g} times that for {plan.seconds:g} s")
        with _watching(memory) as seen:
            beside = stand_by(plan.seconds)
            answers = open_loop(send, best * plan.times, plan.seconds)
        told(f"{answers.sent} sent, {len(answers.answered)} answered, {len(answers.refused)} refused; now recovery")
        waited = beside()
        recovery = _recovery(send, best)
    rate = len(answers.answered) / plan.seconds
    return Report(
        best_rate=round(best, 1),
        sent_rate=round(answers.sent / plan.seconds, 1),
        sent_times=round(answers.sent / plan.seconds / best, 2) if best else 0.0,
        held_back=answers.held_back,
        planned_times=plan.times,
        answered_rate=round(rate, 1),
        kept=round(rate / best, 3) if best else 0.0,
        refused=len(answers.refused),
        refused_without_time=answers.refused_without_time + waited.refused_without_time,
        others=dict(answers.others + waited.others),
        refused_p50=_centile(waited.refused, 50),
        refused_p99=_centile(waited.refused, 99),
        answered_p50=_centile(waited.answered, 50),
        answered_p99=_centile(waited.answered, 99),
        recovery_seconds=recovery,
        memory_before=before,
        memory_most=max(seen),
        memory_after=memory(),
    )


def _recovery(send: Send, best: float) -> float | None:
    begin = time.monotonic()
    while (waited := time.monotonic() - begin) < LONGEST_RECOVERY_SECONDS:
        if closed_loop(send, WINDOW_SECONDS) >= RECOVERED * best:
            return round(waited, 2)
    return None


@contextmanager
def _watching(memory: Callable[[], float]) -> Iterator[list[float]]:
    seen = [memory()]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(WINDOW_SECONDS):
            seen.append(memory())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def _centile(seconds: list[float], centile: int) -> float | None:
    if not seconds:
        return None
    return round(sorted(seconds)[min(len(seconds) - 1, len(seconds) * centile // 100)], 4)
