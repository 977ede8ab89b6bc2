"""How the sinks misbehave at the moment."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SINKS = ("smtp", "sms")


@dataclass(frozen=True)
class Fault:
    """What a sink does instead of taking messages.

    Attributes:
        code: SMTP or HTTP status it answers with; 0 to take messages.
        delay: seconds before it answers.
        lose_answer: whether it takes the message and then drops the connection, as a network may.
        answer_twice: whether it sends its answer twice.
    """

    code: int = 0
    delay: float = 0.0
    lose_answer: bool = False
    answer_twice: bool = False


class Faults:
    """The present fault of each sink; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: dict[str, Fault] = {}

    def of(self, sink: str) -> Fault:
        """Return what `smtp` or `sms` does now."""
        with self._lock:
            return self._present.get(sink, Fault())

    def set(self, faults: Mapping[str, Fault]) -> None:
        """Replace all faults; a sink that is not named works."""
        with self._lock:
            self._present = dict(faults)

    def set_plain(self, raw: Any) -> None:
        """Replace all faults by `{"smtp": {"code": 451}, "sms": {"delay": 0.5}}`.

        Raises:
            ValueError: a sink or a field is not known.
        """
        if not isinstance(raw, dict) or not raw.keys() <= set(SINKS):
            message = f"want an object with {' and '.join(SINKS)}"
            raise ValueError(message)
        try:
            self.set({sink: Fault(**fault) for sink, fault in raw.items()})
        except TypeError as error:
            names = ", ".join(field.name for field in dataclasses.fields(Fault))
            message = f"a fault has the fields {names}"
            raise ValueError(message) from error
