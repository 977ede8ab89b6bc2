"""One holder at a time, by a file lock that ends with its process."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from motcua_devstack.errors import DevError


def holder(path: Path) -> int | None:
    """Process id of who holds the lock at `path`; None when nobody does."""
    try:
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or "0")
            return None
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def hold(path: Path, waiting: Callable[[int], None]) -> Iterator[None]:
    """Hold the lock at `path` for the block.

    Args:
        path: the lock file; made when missing.
        waiting: called with the holder's process id when the lock is taken; it raises to give up, or returns to wait.

    Raises:
        DevError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise DevError(f"cannot write {path}: {error.strerror}; give yourself write access to the folder") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            waiting(int(file.read() or "0"))
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
