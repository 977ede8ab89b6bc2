"""Background work: what dossiers and consultations say, and the steps that follow from an officer's decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from motcua_kit.access import Caller, everything
from motcua_kit.command import Command
from motcua_kit.events import NotYet, ReceivedEvent, Tasks
from motcua_kit.leftovers import Leftovers
from motcua_permits.application.appraisal import AcceptedDossier, Appraisal
from motcua_permits.application.issuing import Issuing

ITSELF = Caller(name="services/permits", kind="service")


def make_tasks(appraisal: Appraisal, issuing: Issuing, leftovers: Callable[[], Leftovers]) -> Tasks:
    """Return the handlers of the permits service. Each may get the same event again, and then changes nothing."""
    tasks = Tasks("permits")
    _handle_dossier_events(tasks, appraisal)
    _handle_appraisal_events(tasks, appraisal)
    _handle_decision_events(tasks, issuing)

    @tasks.periodic("permits.remove_leftovers")
    def _remove_leftovers(_command: Command) -> None:
        leftovers().remove()

    return tasks


def _handle_dossier_events(tasks: Tasks, appraisal: Appraisal) -> None:
    @tasks.on_event("permits.open_application")
    def _open(event: ReceivedEvent, command: Command) -> None:
        data = event.data
        accepted = AcceptedDossier(
            dossier=data["dossier"],
            code=data["code"],
            procedure=data["procedure"],
            procedure_version=data["procedure_version"],
            unit=data["unit"],
            applicant=data["applicant"],
            receiver=data["receiver"],
            accept_time=_time(data["accept_time"]),
            due_time=_time(data["due_time"]),
            parcel=data["parcel"],
            form=data["form"],
        )
        appraisal.open(accepted, command)

    @tasks.on_event("permits.take_supplement")
    def _take_supplement(event: ReceivedEvent, command: Command) -> None:
        data = event.data
        taken = appraisal.take_supplement(
            command,
            data["dossier"],
            data["procedure"],
            parcel=data["parcel"],
            form=data["form"],
            due_time=_time(data["due_time"]),
        )
        if not taken:
            raise NotYet

    @tasks.on_event("permits.close_application")
    def _close(event: ReceivedEvent, command: Command) -> None:
        if not appraisal.close(command, event.data["dossier"], event.data["procedure"]):
            raise NotYet

    @tasks.on_event("permits.take_consultation")
    def _take_consultation(event: ReceivedEvent, command: Command) -> None:
        application = event.data["application"]
        if not application.startswith("permitApplications/"):
            return  # asked by another office
        if not appraisal.take_consultation(command, _id(application), event.data["consultation"]):
            raise NotYet


def _handle_appraisal_events(tasks: Tasks, appraisal: Appraisal) -> None:
    @tasks.on_event("permits.run_checks")
    def _run_checks(event: ReceivedEvent, command: Command) -> None:
        appraisal.first_checks(command, everything(ITSELF), _id(event.subject))

    @tasks.on_event("permits.start_processing")
    def _start_processing(event: ReceivedEvent, _command: Command) -> None:
        appraisal.start_processing(_id(event.subject))

    @tasks.on_event("permits.request_supplement")
    def _request_supplement(event: ReceivedEvent, command: Command) -> None:
        appraisal.ask_applicant(command, _id(event.subject))

    @tasks.on_event("permits.request_consultation")
    def _request_consultation(event: ReceivedEvent, command: Command) -> None:
        appraisal.ask_agency(command, _id(event.subject), event.data["consultation_id"])


def _handle_decision_events(tasks: Tasks, issuing: Issuing) -> None:
    @tasks.on_event("permits.issue_permit")
    def _issue(event: ReceivedEvent, command: Command) -> None:
        issuing.issue(command, _id(event.subject))

    @tasks.on_event("permits.return_result")
    def _return_result(event: ReceivedEvent, _command: Command) -> None:
        if not issuing.return_result(_id(event.subject)):
            raise NotYet

    @tasks.on_event("permits.return_refusal")
    def _return_refusal(event: ReceivedEvent, _command: Command) -> None:
        if not issuing.return_refusal(_id(event.subject)):
            raise NotYet


def _id(name: str) -> str:
    return name.partition("/")[2]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
