"""What the driver has asked for and what it was told: written down apart from the suite, so that the two can differ."""

import json
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TextIO

CREATE, UPDATE, READ = "create", "update", "read"


@dataclass(frozen=True)
class Entry:
    """One command, as it ended for the caller.

    Attributes:
        command: `create`, `update` or `read`.
        caller: resource name of who sent it.
        request_id: under which it was sent; empty for a read.
        resource: what it was about, as the answer named it; empty when a creation was not answered.
        acknowledged: when the answer came, ISO 8601; empty when none came.
        attempts: how often it was sent.
        seconds: from the first attempt to the end, pauses included.
        served_by: replica that answered.
        failure: why it was given up; empty when it was answered.
    """

    command: str
    caller: str
    request_id: str
    resource: str
    acknowledged: str
    attempts: int
    seconds: float
    served_by: str = ""
    failure: str = ""


class Ledger:
    """Every command of a run; safe to share between threads.

    Args:
        file: gets an entry a line, as JSON, as soon as it is made.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Write an entry down."""
        line = json.dumps(asdict(entry), ensure_ascii=False)
        with self._lock:
            self._entries.append(entry)
            print(line, file=self._file, flush=True)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries up to now, in the order in which they were made."""
        with self._lock:
            return tuple(self._entries)


@dataclass(frozen=True)
class Draft:
    """What the ledger says about one draft.

    Attributes:
        caller: who made it.
        updates: acknowledged changes.
        unanswered: changes that may or may not have happened.
    """

    caller: str
    updates: int
    unanswered: int


def drafts(entries: tuple[Entry, ...]) -> dict[str, Draft]:
    """The drafts whose creation was acknowledged, by resource name."""
    changes = [entry for entry in entries if entry.command == UPDATE]
    updates = Counter(entry.resource for entry in changes if entry.acknowledged)
    unanswered = Counter(entry.resource for entry in changes if not entry.acknowledged)
    return {
        entry.resource: Draft(entry.caller, updates[entry.resource], unanswered[entry.resource])
        for entry in entries
        if entry.command == CREATE and entry.acknowledged
    }
