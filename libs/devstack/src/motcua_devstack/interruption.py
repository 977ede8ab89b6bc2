"""SIGTERM ends a command as Ctrl-C does: with everything that it started."""

import signal
from types import FrameType
from typing import NoReturn


def sigterm_interrupts() -> None:
    """From now on SIGTERM raises KeyboardInterrupt in the main thread."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
