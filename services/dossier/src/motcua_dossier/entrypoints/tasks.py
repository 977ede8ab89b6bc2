"""Background work of dossier."""

from __future__ import annotations

from collections.abc import Callable

from motcua_dossier.application.calendar import CalendarOffice
from motcua_dossier.application.consultations import Consultations
from motcua_dossier.application.files import Files
from motcua_dossier.application.processing import Processing
from motcua_dossier.application.results import Results
from motcua_dossier.application.slips import Slips
from motcua_kit.command import Command
from motcua_kit.events import ReceivedEvent, Tasks
from motcua_kit.leftovers import Leftovers


def dossier_tasks(
    *,
    files: Files,
    slips: Slips,
    results: Results,
    processing: Processing,
    consultations: Consultations,
    calendars: CalendarOffice,
    leftovers: Callable[[], Leftovers],
) -> Tasks:
    """Return the tasks, wired to the application."""
    tasks = Tasks("dossier")

    @tasks.on_event("dossier.check_upload")
    def check_upload(event: ReceivedEvent, command: Command) -> None:
        files.check(command, _id(event), event.data["upload"])

    @tasks.on_event("dossier.issue_slip")
    def issue_slip(event: ReceivedEvent, command: Command) -> None:
        slips.issue(command, _id(event), event.type, event.data, event.time)

    @tasks.on_event("dossier.deliver_result")
    def deliver_result(event: ReceivedEvent, command: Command) -> None:
        results.deliver_online(command, _id(event))

    @tasks.on_event("dossier.recompute_due")
    def recompute_due(event: ReceivedEvent, command: Command) -> None:
        calendars.recompute(command)

    @tasks.periodic("dossier.expire_supplements")
    def expire_supplements(command: Command) -> None:
        processing.expire_supplements(command)

    @tasks.periodic("dossier.lapse_consultations")
    def lapse_consultations(command: Command) -> None:
        consultations.lapse(command)

    @tasks.periodic("dossier.drop_unsent_uploads")
    def drop_unsent_uploads(command: Command) -> None:
        files.drop_unsent(command)

    @tasks.periodic("dossier.remove_leftovers")
    def remove_leftovers(_command: Command) -> None:
        leftovers().remove()

    return tasks


def _id(event: ReceivedEvent) -> str:
    return event.subject.removeprefix("dossiers/")
