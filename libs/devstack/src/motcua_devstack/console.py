"""What a developer reads while something runs: one line per thing, with the seconds it took."""

import sys
import time
from typing import TextIO


class Progress:
    """Lines stamped with the seconds since the start.

    Args:
        file: where they go; standard output when not given.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self._start = time.monotonic()
        self._file = file

    @property
    def seconds(self) -> float:
        """Seconds since this progress began."""
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        """Print one line with its time stamp."""
        print(f"[{self.seconds:5.1f} s] {text}", file=self._file, flush=True)


def fail(text: str) -> None:
    """Print the one line that says why it did not work."""
    print(f"./dev: {text}", file=sys.stderr, flush=True)
