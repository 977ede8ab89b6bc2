"""Far more calls than a server can do, and whether it stays itself: quick refusals, steady work, quick recovery.

Calls are sent at a fixed rate whether or not the earlier ones were answered (an open loop), as people do who do not
know of each other. The sender shares the machine with the server, so the rates are ratios of one run and no capacity.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import grpc

from motcua_client.errors import from_rpc_error

Send = Callable[[], Any]
"""Starts one call and returns its future."""

CALLERS = 8
"""Calls at once while the best rate is looked for."""

MOST_OUTSTANDING = 1000
"""Calls under way at once: what a server refuses beyond them has no reason any more (docs/adr/0021)."""

RECOVERED = 0.8
"""Share of the best rate from which the server counts as recovered, and that it has to keep under overload."""

SENT = 0.8
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


@dataclass
class Answers:
    """What came back of an open loop; times in seconds."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    refused_without_time: int = 0
    others: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    held_back: int = 0

    def note(self, call: Any, seconds: float) -> None:
        """Note how a call ended."""
        match call.code():
            case grpc.StatusCode.OK:
                self.answered.append(seconds)
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                self.refused.append(seconds)
                self.refused_without_time += from_rpc_error(call).retry_seconds is None
            case code:
                self.others[code.name] += 1


@dataclass(frozen=True)
class Report:
    """A run in figures: rates in calls a second, times in seconds, memory in MiB.

    Attributes:
        best_rate: answered, without overload.
        sent_rate: sent under overload.
        sent_times: that as a multiple of the best rate: a sender that is too slow sends less than was planned.
        planned_times: the multiple that was planned.
        answered_rate: answered under overload.
        kept: the one as a share of the other.
        refused: calls that were told to come back later.
        refused_without_time: such that were not told when.
        refused_p50: time to a refusal.
        refused_p99: the same.
        answered_p99: time to an answer under overload.
        others: calls that ended otherwise, by status.
        recovery_seconds: until the server is back at `RECOVERED` of its best; None when it never was.
        memory_before: of the server's process.
        memory_most: the most under overload.
        memory_after: once recovered.
    """

    best_rate: float
    sent_rate: float
    sent_times: float
    planned_times: float
    answered_rate: float
    kept: float
    refused: int
    refused_without_time: int
    refused_p50: float | None
    refused_p99: float | None
    answered_p99: float | None
    others: dict[str, int]
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


def overload(send: Send, plan: Plan, memory: Callable[[], float], told: Callable[[str], None]) -> Report:
    """Find the best rate, send a multiple of it, and watch the server recover.

    Args:
        send: starts a call.
        plan: for how long, how much.
        memory: of the server's process now, in MiB.
        told: gets a line of progress.
    """
    closed_loop(send, plan.warm_seconds / 2)  # connections, caches
    best = closed_loop(send, plan.warm_seconds)
    before = memory()
    told(f"best rate {best:.0f}/s; now {plan.times:g} times that for {plan.seconds:g} s")
    with _watching(memory) as seen:
        answers = open_loop(send, best * plan.times, plan.seconds)
    told(f"{answers.sent} sent, {len(answers.answered)} answered, {len(answers.refused)} refused; now recovery")
    recovery = _recovery(send, best)
    rate = len(answers.answered) / plan.seconds
    return Report(
        best_rate=round(best, 1),
        sent_rate=round(answers.sent / plan.seconds, 1),
        sent_times=round(answers.sent / plan.seconds / best, 2) if best else 0.0,
        planned_times=plan.times,
        answered_rate=round(rate, 1),
        kept=round(rate / best, 3) if best else 0.0,
        refused=len(answers.refused),
        refused_without_time=answers.refused_without_time,
        refused_p50=_centile(answers.refused, 50),
        refused_p99=_centile(answers.refused, 99),
        answered_p99=_centile(answers.answered, 99),
        others=dict(answers.others),
        recovery_seconds=recovery,
        memory_before=before,
        memory_most=max(seen),
        memory_after=memory(),
    )


def closed_loop(send: Send, seconds: float) -> float:
    """Return the rate of answers to `CALLERS` callers who wait for each answer."""
    until = time.monotonic() + seconds

    def caller() -> int:
        count = 0
        while time.monotonic() < until:
            call = send()
            call.exception()
            count += call.code() is grpc.StatusCode.OK
        return count

    with ThreadPoolExecutor(CALLERS) as callers:
        return sum(callers.map(lambda _: caller(), range(CALLERS))) / seconds


def open_loop(send: Send, rate: float, seconds: float) -> Answers:
    """Send at a rate for a time and wait for the last answer.

    What cannot be sent because `MOST_OUTSTANDING` calls wait already is counted in `held_back`.
    """
    answers = Answers()
    room = threading.Semaphore(MOST_OUTSTANDING)
    begin = time.monotonic()

    def ended(call: Any, *, sent: float) -> None:
        answers.note(call, time.monotonic() - sent)
        room.release()

    while (elapsed := time.monotonic() - begin) < seconds:
        due = int(elapsed * rate) - answers.sent - answers.held_back
        for _ in range(min(due, 100)):
            if not room.acquire(blocking=False):
                answers.held_back += 1
                continue
            answers.sent += 1
            send().add_done_callback(partial(ended, sent=time.monotonic()))
        if due <= 0:
            time.sleep(0.001)
    for _ in range(MOST_OUTSTANDING):
        room.acquire()
    return answers


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
