"""How a background task of another process says that it is done: a line with the event's id in a named pipe.

It costs each handler one write, no server and no wait, and costs the suite and its limit the same.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Collection
from pathlib import Path

from motcua_devstack.errors import DevError

CHUNK = 65536


class Handled:
    """The reading end; close it."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # reading alone would end with the first writer
        self._rest = b""

    def wait_for(self, wanted: Collection[str], seconds: float) -> None:
        """Wait until all of these events were handled at least once.

        Raises:
            DevError: they were not in time.
        """
        missing = set(wanted)
        deadline = time.monotonic() + seconds
        while missing:
            left = deadline - time.monotonic()
            if left <= 0:
                raise DevError(f"{len(missing)} of {len(wanted)} events were not handled in {seconds:g} s")
            if select.select([self._end], [], [], left)[0]:
                *lines, self._rest = (self._rest + os.read(self._end, CHUNK)).split(b"\n")
                missing.difference_update(line.decode() for line in lines)

    def close(self) -> None:
        """Close it."""
        os.close(self._end)


class Handling:
    """The writing end, opened when the first event is handled: a worker's children are made by a fork."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._end = -1

    def note(self, event: str) -> None:
        """Say that an event was handled."""
        if self._end < 0:
            self._end = os.open(self._path, os.O_WRONLY)
        os.write(self._end, f"{event}\n".encode())
