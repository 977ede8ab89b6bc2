"""Where documents name versions of objects: reading them, and putting others in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def versions_in(document: dict[str, Any], paths: Iterable[str]) -> list[str]:
    """Return the versions that a document names under these paths; empty ones are none."""
    return [holder[name] for path in paths for holder, name in _places(document, path)]


def replace_versions(document: dict[str, Any], paths: Iterable[str], new: Callable[[str], str]) -> None:
    """Put `new(version)` in the place of each version."""
    for path in paths:
        for holder, name in _places(document, path):
            holder[name] = new(holder[name])


def _places(document: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str]]:
    *way, last = path.split(".")
    holders: list[dict[str, Any]] = [document]
    for step in way:
        holders = [child for holder in holders for child in _children(holder.get(step))]
    yield from ((holder, last) for holder in holders if holder.get(last))


def _children(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
