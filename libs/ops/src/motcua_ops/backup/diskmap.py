"""A mapping of strings that may outgrow memory: a city has more documents than a small pod has room for their names."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self


class DiskMap:
    """Strings to strings in a temporary SQLite file that is gone when it is closed. Threads may share it."""

    def __init__(self) -> None:
        # An empty name is a temporary file of SQLite's own, written only when its cache is full.
        self._connection = sqlite3.connect("", check_same_thread=False)
        self._lock = threading.Lock()
        self._connection.execute("CREATE TABLE map (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Forget everything."""
        self._connection.close()

    def __setitem__(self, key: str, value: str) -> None:
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO map VALUES (?, ?)", (key, value))

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def get(self, key: str) -> str | None:
        """Return the value of a key; None when it has none."""
        with self._lock:
            row = self._connection.execute("SELECT value FROM map WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def setdefault(self, key: str, value: str) -> str:
        """Return the value of a key, which is this one unless it has one already."""
        with self._lock:
            self._connection.execute("INSERT OR IGNORE INTO map VALUES (?, ?)", (key, value))
        return self.get(key) or value

    def pop(self, key: str) -> str | None:
        """Take a key out and return its value; None when it had none."""
        with self._lock:
            row = self._connection.execute("DELETE FROM map WHERE key = ? RETURNING value", (key,)).fetchone()
        return row[0] if row else None

    def values(self) -> Iterator[str]:
        """Return all values; the mapping must not change meanwhile."""
        for row in self._connection.execute("SELECT value FROM map ORDER BY key"):
            yield row[0]
