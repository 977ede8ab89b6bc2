"""Events between services: outbox → relay → one Celery task a subscriber → idempotent handler."""

from motcua_kit.events.dead_letters import DeadLetters
from motcua_kit.events.relay import Relay
from motcua_kit.events.tasks import NotYet, ReceivedEvent, Tasks

__all__ = ["DeadLetters", "NotYet", "ReceivedEvent", "Relay", "Tasks"]
