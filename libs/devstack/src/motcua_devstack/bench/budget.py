"""The time of a run: it ends when it was said to, whatever the rows would like to do.

What is left is divided among the rows that are left, so that what one does not need is the others'. A row whose share
is over is interrupted where it stands; what it has measured counts.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn


class TimeIsOver(BaseException):
    """The share of a row is used up. No error, and so no `Exception`: what handles failures lets it through."""


class Budget:
    """What is left of the time of a run.

    Args:
        end: moment of `time.monotonic` when all rows must have ended.
        rows: how many will want a share.
    """

    def __init__(self, end: float, rows: int) -> None:
        self._end = end
        self._rows = rows

    def share(self) -> float:
        """Return the moment of `time.monotonic` by which the next row must have ended."""
        now = time.monotonic()
        share = max(0.0, self._end - now) / max(1, self._rows)
        self._rows -= 1
        return now + share


@contextlib.contextmanager
def limited(deadline: float) -> Iterator[None]:
    """Interrupt the block, in the main thread, when the deadline has come.

    Args:
        deadline: moment of `time.monotonic`; infinite for none.

    Raises:
        TimeIsOver: it has.
    """

    def ring(_number: int, _frame: FrameType | None) -> NoReturn:
        raise TimeIsOver

    if deadline == float("inf"):
        yield
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeIsOver
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, left)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
