"""Events that a handler could not take: kept with the reason, listed and replayed by an operator."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import Celery

from motcua_kit.store.connection import Store

COLLECTION = "_dead_letters"


@dataclass(frozen=True)
class DeadLetter:
    """One event that one task gave up on."""

    id: str
    task: str
    queue: str
    event: Mapping[str, Any]
    error: str
    attempts: int
    time: datetime
    copy: str
    """Differs each time that the event dies."""


class DeadLetters:
    """The dead letters of a service, in its database."""

    def __init__(self, store: Store) -> None:
        self._letters = store.collection(COLLECTION)

    def keep(
        self, task: str, queue: str, event: Mapping[str, Any], error: Exception, attempts: int, time: datetime
    ) -> None:
        """Keep an event; when it dies again after a replay, the newer reason replaces the older."""
        letter = {
            "task": task,
            "queue": queue,
            "event": dict(event),
            "error": "".join(traceback.format_exception(error))[-4000:],
            "attempts": attempts,
            "time": time,
            "copy": uuid.uuid4().hex,
        }
        self._letters.update_one({"_id": f"{task}:{event['id']}"}, {"$set": letter}, upsert=True)

    def all(self) -> Iterator[DeadLetter]:
        """Return all dead letters, oldest first."""
        for row in self._letters.find({}, sort=[("time", 1)]):
            yield DeadLetter(id=row.pop("_id"), **row)

    def replay(self, app: Celery, identity: str = "") -> int:
        """Give one, or all, back to the broker and return how many; a letter leaves only after the broker has it."""
        count = 0
        for letter in list(self.all()):
            if identity in ("", letter.id):
                app.send_task(letter.task, kwargs={"event": dict(letter.event)}, queue=letter.queue)
                # Only this copy: the event may have died again before we come here.
                self._letters.delete_one({"_id": letter.id, "copy": letter.copy})
                count += 1
        return count

    def count(self) -> int:
        """Return how many there are."""
        return self._letters.count_documents({})
