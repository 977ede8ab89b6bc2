"""Counting wrong sign-ins with `limits`, shared by all processes through the broker's server."""

from __future__ import annotations

import time
from datetime import timedelta

from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from motcua_kit.domain import RateLimited

PER_OFFICER_AND_ADDRESS = parse("5/15minute")
PER_OFFICER = parse("20/15minute")
"""Above the limit of one address, so that a stranger cannot lock an officer out from the officer's own place."""

PER_ADDRESS = parse("50/15minute")


class LimitedAttempts:
    """Refuses further attempts after too many wrong ones.

    Args:
        storage: `redis://…` for a shared count, or `memory://` for one process.
    """

    def __init__(self, storage: str) -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage))

    def check(self, username: str, address: str) -> None:
        """Let an attempt go on.

        Raises:
            RateLimited: `SIGN_IN_LOCKED`.
        """
        for limit, *keys in _limits(username, address):
            if not self._limiter.test(limit, *keys):
                reset, _ = self._limiter.get_window_stats(limit, *keys)
                wait = timedelta(seconds=max(1, int(reset - time.time())))
                raise RateLimited(
                    "SIGN_IN_LOCKED", "too many wrong attempts", wait, minutes=str(wait.seconds // 60 + 1)
                )

    def failed(self, username: str, address: str) -> None:
        """Count a wrong attempt."""
        for limit, *keys in _limits(username, address):
            self._limiter.hit(limit, *keys)


def _limits(username: str, address: str) -> list[tuple[RateLimitItem, str, str]]:
    return [
        (PER_OFFICER_AND_ADDRESS, "sign-in", f"{username}@{address}"),
        (PER_OFFICER, "sign-in-officer", username),
        (PER_ADDRESS, "sign-in-address", address),
    ]
