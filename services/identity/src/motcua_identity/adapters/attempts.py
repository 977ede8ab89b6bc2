"""Counting wrong sign-ins with `limits`, shared by all processes through the broker's server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from motcua_kit.domain import DependencyDown, RateLimited

PER_OFFICER_AND_ADDRESS = parse("5/15minute")
PER_OFFICER = parse("20/15minute")
"""Above the limit of one address, so that a stranger cannot lock an officer out from the officer's own place."""

PER_ADDRESS = parse("50/15minute")

PER_DEVICE = parse("5/15minute")
"""A browser in which the officer has signed in before: what strangers do elsewhere does not count against it."""

IPV6_NETWORK = 64
"""Bits of an IPv6 address that belong to one connection: whoever has one has 2⁶⁴ addresses."""


END_OF_WINDOW_SECONDS = 5.0
"""What is taken back so late in a window stays counted in it: it must never be taken from the next one."""


class LimitedAttempts:
    """Refuses further attempts after too many wrong ones.

    Each attempt counts in one atomic write for each limit, before anybody judges it, and is taken back if it was right.

    Args:
        storage: `redis://…` for a shared count, or `memory://` for one process.
    """

    def __init__(self, storage: str) -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage, wrap_exceptions=True))

    def count(self, username: str, address: str, device: str = "") -> Callable[[], None]:
        """Count an attempt as a wrong one; the port says more."""
        counted: list[Counted] = []
        for limit, *keys in _limits(username, address, device):
            with _counting():
                allowed = self._limiter.hit(limit, *keys)
                reset, _ = self._limiter.get_window_stats(limit, *keys)
            if not allowed:
                self._take_back(counted)
                wait = timedelta(seconds=max(1, int(reset - time.time())))
                raise RateLimited(
                    "SIGN_IN_LOCKED", "too many wrong attempts", wait, minutes=str(wait.seconds // 60 + 1)
                )
            counted.append(Counted(limit, keys, reset))
        return partial(self._take_back, counted)

    def _take_back(self, counted: list[Counted]) -> None:
        for one in counted:
            if time.time() < one.until - END_OF_WINDOW_SECONDS:
                with _counting():
                    self._limiter.hit(one.limit, *one.keys, cost=-1)


@dataclass(frozen=True, slots=True)
class Counted:
    """One count of an attempt, in the window of a limit that ends at a time."""

    limit: RateLimitItem
    keys: list[str]
    until: float


@contextmanager
def _counting() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise DependencyDown("DEPENDENCY_DOWN", "wrong sign-ins cannot be counted") from error


def _limits(username: str, address: str, device: str) -> list[tuple[RateLimitItem, str, str]]:
    if device:
        return [(PER_DEVICE, "sign-in-device", device)]
    network = _network(address)
    return [
        (PER_OFFICER_AND_ADDRESS, "sign-in", f"{username}@{network}"),
        (PER_OFFICER, "sign-in-officer", username),
        (PER_ADDRESS, "sign-in-address", network),
    ]


def _network(address: str) -> str:
    """Return what one stranger holds: an IPv4 address, or the network of an IPv6 address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, IPV6_NETWORK), strict=False))
    return str(parsed)
