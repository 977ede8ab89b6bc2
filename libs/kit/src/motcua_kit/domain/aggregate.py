"""Aggregates change as one, and say what happened as events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True)
class Event:
    """Something that has happened. Subclasses set `type` and hold JSON-able fields.

    Fields name resources, never personal data: events travel through the broker and are kept in traces.
    """

    type: ClassVar[str]


@dataclass(kw_only=True)
class Aggregate:
    """The unit of consistency: one document, changed by one compare-and-set.

    Attributes:
        id: identity without the collection, e.g. `4f0c…`.
        version: number of changes so far; 0 before the first save. It is the etag.
        create_time: when it was first saved.
        update_time: when it was last saved.
    """

    id: str
    version: int = 0
    create_time: datetime | None = None
    update_time: datetime | None = None
    _events: list[Event] = field(default_factory=list, init=False, repr=False, compare=False)

    def record(self, event: Event) -> None:
        """Note an event; it is stored in the same write as the change that caused it."""
        self._events.append(event)

    def take_events(self) -> list[Event]:
        """Hand over the events recorded since the last call."""
        events, self._events = self._events, []
        return events

    @property
    def etag(self) -> str:
        """Quoted version, as AIP-154 wants it."""
        return f'"{self.version}"'
