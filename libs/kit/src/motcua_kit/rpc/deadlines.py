"""What is left of the present call's time, so that calls made inside it do not outlive it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MARGIN_SECONDS = 0.05
"""Kept back for answering after an inner call has used up its share."""

_until: ContextVar[float | None] = ContextVar("motcua_deadline", default=None)


@contextmanager
def limit_to(seconds: float | None) -> Iterator[None]:
    """Limit calls made inside the block to this many seconds from now; None sets no limit."""
    token = _until.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def remaining(wanted: float | None) -> float | None:
    """Return the time for a call made now: what it wants, but no more than is left."""
    until = _until.get()
    if until is None:
        return wanted
    left = max(0.0, until - time.monotonic() - MARGIN_SECONDS)
    return left if wanted is None else min(wanted, left)
