"""What several rows measure with: made by the first that asks for it, closed when the run ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Self, TypeVar

Made = TypeVar("Made")


class Shared:
    """Keeps what was made, by its maker; use it in a `with` block."""

    def __init__(self) -> None:
        self._keep = contextlib.ExitStack()
        self._made: dict[Callable[..., Any], Any] = {}

    def __enter__(self) -> Self:
        """Nothing is made yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything, the last first."""
        self._made.clear()
        self._keep.close()

    def get(self, make: Callable[..., Made], *arguments: Any) -> Made:
        """Return what a maker has made; it is called once, with a stack for what must be closed and the arguments.

        What fails, or is interrupted, leaves nothing behind; the next who asks has it made again.
        """
        if make not in self._made:
            with contextlib.ExitStack() as own:
                self._made[make] = make(own, *arguments)
                self._keep.enter_context(own.pop_all())
        made: Made = self._made[make]
        return made
