"""Background work: events of other services."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from motcua_identity.application.access_log import AccessLogApp, Read
from motcua_kit.command import Command
from motcua_kit.events import ReceivedEvent, Tasks


def identity_tasks(access_log: AccessLogApp) -> Tasks:
    """Return the handlers."""
    tasks = Tasks("identity")

    @tasks.on_event("identity.record_access")
    def record_access(event: ReceivedEvent, command: Command) -> None:
        data = event.data
        read = Read(
            person=data["person"],
            reader=data["reader"],
            on_behalf_of=data.get("on_behalf_of", ""),
            purpose=data["purpose"],
            resource=data["resource"],
            fields=tuple(data["fields"]),
            time=event.time,
        )
        # The same event makes the same entry, also when it is replayed long after the command was forgotten.
        access_log.record(command, uuid5(NAMESPACE_URL, event.id).hex, read)

    return tasks
