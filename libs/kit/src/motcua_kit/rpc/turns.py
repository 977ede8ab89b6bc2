"""Turns: of the calls that have a thread, a few work; the others wait for their turn, for a service, or for objects.

The interpreter runs one thread at a time. The one in which gRPC takes calls in, and refuses them, competes with all
that want to run: among sixteen that work it comes to its turn too late to refuse anything quickly (docs/adr/0021).

Turns go round in the order in which calls came, and first to those that had one before and waited for somebody else.

Who has a turn is meant to compute. When none comes back for a while, those who have them wait for a store that hangs,
and one turn more is given out; it is withdrawn when the next comes back.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from google.protobuf.message import Message

from motcua_kit import metrics
from motcua_kit.domain import RateLimited
from motcua_kit.health import Progress
from motcua_kit.rpc.admission import LONGEST_WAIT_SECONDS, RETRY_SECONDS
from motcua_kit.rpc.call import Call, Proceed
from motcua_kit.rpc.deadlines import remaining

STALL_SECONDS = 0.1
"""Calls compute for milliseconds: when no turn comes back for so long, nobody computes."""


class Turns:
    """A stage within which at most so many calls work at once, as long as they work.

    Args:
        turns: how many.

    Attributes:
        progress: stuck when all turns are taken and no call ends.
    """

    def __init__(self, turns: int) -> None:
        self.progress = Progress(turns)
        self._lock = threading.Lock()
        self._free = turns
        self._extra = 0
        self._waiting: deque[threading.Lock] = deque()
        self._moved = -math.inf

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Run the call as soon as a turn is free.

        Raises:
            RateLimited: none was for as long as a call may wait; nothing of the call is done.
        """
        if not self._take(remaining(LONGEST_WAIT_SECONDS) or 0.0):
            metrics.calls_refused.add(1)
            pause = timedelta(seconds=random.choice(RETRY_SECONDS))  # noqa: S311 - spreads callers, hides nothing
            raise RateLimited("OVERLOADED", f"{call.rpc} had to wait too long for its turn", pause)
        token = _taken_from.set(self)
        try:
            with self.progress.work():
                return proceed()
        finally:
            _taken_from.reset(token)
            self._give_back()

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let another call have this one's turn for the block."""
        self._give_back()
        try:
            yield
        finally:
            self._take(math.inf, first=True)  # it comes: whoever has one gives it back, or stalls

    def _take(self, patience: float, *, first: bool = False) -> bool:
        """Take a turn, before all who wait or after them; tell whether one came within so many seconds."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            place = threading.Lock()  # whoever hands over the turn releases it
            place.acquire()
            if first:
                self._waiting.appendleft(place)
            else:
                self._waiting.append(place)
        begun = time.monotonic()
        end = begun + patience
        while not place.acquire(timeout=max(0.0, min(STALL_SECONDS, end - time.monotonic()))):
            with self._lock:
                now = time.monotonic()
                if now - max(begun, self._moved) >= STALL_SECONDS and self._waiting:
                    self._extra += 1
                    self._hand_over(now)
                elif now >= end and place in self._waiting:
                    self._waiting.remove(place)
                    return False
        return True

    def _give_back(self) -> None:
        with self._lock:
            now = time.monotonic()
            if self._extra:
                self._extra -= 1
                self._moved = now
            elif self._waiting:
                self._hand_over(now)
            else:
                self._free += 1
                self._moved = now

    def _hand_over(self, now: float) -> None:
        self._moved = now
        self._waiting.popleft().release()


_taken_from: ContextVar[Turns | None] = ContextVar("motcua_turns", default=None)


@contextmanager
def waiting_for_others() -> Iterator[None]:
    """Let another call work while this one waits for somebody else; where no turn was taken, nothing happens."""
    if (turns := _taken_from.get()) is None:
        yield
        return
    token = _taken_from.set(None)
    try:
        with turns.lent():
            yield
    finally:
        _taken_from.reset(token)
