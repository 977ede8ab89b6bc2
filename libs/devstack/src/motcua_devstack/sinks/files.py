"""One file a message, written at once or not at all; the same message twice is one file."""

from __future__ import annotations

import re
import threading
from collections import Counter
from pathlib import Path


class MessageFolder:
    """A folder of received messages.

    Args:
        folder: where the files lie; made when missing.
        suffix: of the files, e.g. `.eml`.
    """

    def __init__(self, folder: Path, suffix: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._suffix = suffix
        self._lock = threading.Lock()
        self._repeats: Counter[Path] = Counter()

    def keep(self, key: str, content: bytes) -> bool:
        """Keep a message under its key; a repeat is counted and changes nothing. Returns whether it was new."""
        target = self._folder / (re.sub(r"[^A-Za-z0-9@._-]", "", key)[:120] + self._suffix)
        with self._lock:
            if target.exists():
                self._repeats[target] += 1
                return False
            unfinished = target.with_suffix(".part")
            unfinished.write_bytes(content)
            unfinished.replace(target)
            return True

    @property
    def repeats(self) -> int:
        """How many repeats there were."""
        return self._repeats.total()

    def repeats_of(self, file: Path) -> int:
        """Return how often the message in a file was sent again."""
        return self._repeats[file]

    def files(self) -> list[Path]:
        """Return the files of all messages, oldest first."""
        return sorted(self._folder.glob(f"*{self._suffix}"), key=lambda file: (file.stat().st_mtime_ns, file.name))
