"""Wait until a resource is as hoped for, by asking again."""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
GROWTH = 1.5
LONGEST_TEXT = 300


class Stateful(Protocol):
    """A resource with a state."""

    @property
    def state(self) -> int:
        """Value of the resource's `State` enum."""
        ...


S = TypeVar("S", bound=Stateful)


class WaitTimeout(TimeoutError):
    """The wait is over and it has not happened.

    Attributes:
        last: what the last look showed.
    """

    def __init__(self, message: str, last: object) -> None:
        super().__init__(message)
        self.last = last


def wait_for(look: Callable[[], T], until: Callable[[T], bool], seconds: float = 60.0, what: str = "") -> T:
    """Call `look` until `until` accepts what it returns.

    Args:
        look: reads the present state of things.
        until: whether this is what is waited for.
        seconds: how long to go on.
        what: what is waited for, for the message of the failure.

    Raises:
        WaitTimeout: `seconds` are over.
    """
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while not until(seen := look()):
        if time.monotonic() + pause > deadline:
            raise WaitTimeout(
                f"waited {seconds:g} s for {what or 'a change'}; last seen: {str(seen)[:LONGEST_TEXT]}", seen
            )
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
    return seen


def wait_for_state(look: Callable[[], S], *states: int, seconds: float = 60.0) -> S:
    """Call `look` until the resource is in one of `states` (values of its `State` enum).

    Raises:
        WaitTimeout: `seconds` are over.
    """
    return wait_for(look, lambda resource: resource.state in states, seconds, f"state {states}")
