"""Periodic work over many aggregates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from motcua_kit.domain import DomainError

Item = TypeVar("Item")


def sweep(items: Iterable[Item], work: Callable[[Item], object]) -> int:
    """Do something for each item; one that cannot be done holds none of the others back.

    Returns:
        How many items there were.

    Raises:
        ExceptionGroup: what went wrong with single items, after all others are done.
    """
    failures: list[DomainError] = []
    count = 0
    for item in items:
        count += 1
        try:
            work(item)
        except DomainError as failure:
            failures.append(failure)
    if failures:
        message = f"{len(failures)} of {count} could not be done"
        raise ExceptionGroup(message, failures)
    return count
