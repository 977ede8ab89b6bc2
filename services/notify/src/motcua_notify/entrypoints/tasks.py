"""Background work: tell people of events, deliver what is queued, look after what waits."""

from __future__ import annotations

from motcua_kit.command import Command
from motcua_kit.events import ReceivedEvent, Tasks
from motcua_notify.application.deliver import Deliver
from motcua_notify.application.tell import Happening, Tell


def make_tasks(tell: Tell, deliver: Deliver) -> Tasks:
    """Return the handlers of the notify service."""
    tasks = Tasks("notify")

    @tasks.on_event("notify.tell")
    def _tell(event: ReceivedEvent, command: Command) -> None:
        tell(Happening(event.id, event.type, event.subject, event.time, event.data), command)

    @tasks.on_event("notify.deliver")
    def _deliver(event: ReceivedEvent, command: Command) -> None:
        deliver.deliver(event.subject.removeprefix("notifications/"), command)

    @tasks.periodic("notify.sweep")
    def _sweep(command: Command) -> None:
        deliver.sweep(command)

    return tasks
