"""By what each subscriber can be seen to have consumed an event: its entry in a history, and its effect.

A probe returns what is wrong, and an empty text when nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from motcua_devstack.chaos.audit.stores import Audited
from motcua_devstack.chaos.audit.telling import was_delivered, was_told
from motcua_dossier.adapters.collections import CALENDARS, CONSULTATIONS, DOCUMENTS, DOSSIERS
from motcua_dossier.application.calendar import OPEN_STATES
from motcua_dossier.application.results import document_of
from motcua_dossier.application.slips import FORM_OF_EVENT
from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.domain.consultation import Consultation
from motcua_dossier.domain.dossier import DeliveryMethod, Dossier
from motcua_dossier.domain.parts import UploadState
from motcua_dossier.domain.states import State
from motcua_kit.events import ReceivedEvent
from motcua_kit.store.connection import Document
from motcua_kit.store.documents import from_document
from motcua_permits.adapters.collections import APPLICATIONS, PERMITS
from motcua_permits.domain.permit import PermitState
from motcua_permits.domain.states import ApplicationState

Probe = Callable[[Audited, ReceivedEvent], str]
ENDED_WITHOUT_RESULT = (State.REFUSED, State.WITHDRAWN, State.STOPPED)
SETTLED = (UploadState.CHECKED.value, UploadState.REJECTED.value)
ACCESS_ENTRIES = "access_entries"


def _once(document: Document | None, task: str, request_id: str) -> str:
    """The history of a document has the task with the event, once."""
    if document is None:
        return "there is nothing that it was done to"
    times = sum((one["action"], one.get("request_id")) == (task, request_id) for one in document["history"])
    return "" if times == 1 else f"the history has it {times} times"


def _application(audited: Audited, event: ReceivedEvent) -> Document | None:
    name = event.data.get("application") or event.data.get("dossier") or event.subject
    return audited.find("permits", APPLICATIONS, name)


def _dossier(audited: Audited, name: str) -> Document:
    """A dossier; an empty document when there is none."""
    return audited.find("dossier", DOSSIERS, name) or {}


def _access_recorded(audited: Audited, event: ReceivedEvent) -> str:
    entry = audited.find("identity", ACCESS_ENTRIES, uuid5(NAMESPACE_URL, event.id).hex)
    return "" if entry else "the log of reads has no entry"


def _upload_checked(audited: Audited, event: ReceivedEvent) -> str:
    uploads = _dossier(audited, event.subject).get("papers", {}).get("uploads", [])
    states = [one["state"] for one in uploads if one["id"] == event.data["upload"]]
    # A draft may have been deleted with its files.
    return "" if all(state in SETTLED for state in states) else f"the file is {states[0]}"


def _due_recomputed(audited: Audited, event: ReceivedEvent) -> str:
    stored = audited.find("dossier", CALENDARS, event.subject)
    if stored is None:
        return "there is no calendar"
    calendar = from_document(stored, CityCalendar)
    for document in audited.collection("dossier", DOSSIERS).find({"state": {"$in": OPEN_STATES}}):
        if from_document(document, Dossier).recompute_due(calendar):
            return f"dossiers/{document['_id']} is not due when the calendar says"
    for document in audited.collection("dossier", CONSULTATIONS).find():
        if from_document(document, Consultation).recompute_deadline(calendar):
            return f"consultations/{document['_id']} does not end when the calendar says"
    return ""


def _slip_issued(audited: Audited, event: ReceivedEvent) -> str:
    form = FORM_OF_EVENT[event.type]
    dossier = _dossier(audited, event.subject)
    identity = event.subject.rpartition("/")[2]
    slips = [slip for slip in dossier.get("slips", []) if slip["form"] == form]
    document = audited.find("dossier", DOCUMENTS, document_of(identity, f"slip-{form}"))
    if len(slips) != 1 or document is None:
        return f"the dossier has {len(slips)} slips {form}, the document {'is' if document else 'is not'} there"
    return _once(dossier, "dossier.issue_slip", event.id)


def _result_delivered(audited: Audited, event: ReceivedEvent) -> str:
    dossier = _dossier(audited, event.subject)
    for result in dossier.get("results", []):
        document = audited.find("dossier", DOCUMENTS, result["document"])
        if document is None or document["delivery_time"] is None:
            return f"{result['document']} is not in the store of the person"
    online = dossier.get("delivery_method") == DeliveryMethod.ONLINE.value
    returned = dossier.get("state") == State.RETURNED.value
    return "the result was not handed over" if online and not returned else ""


def _application_opened(audited: Audited, event: ReceivedEvent) -> str:
    if not audited.is_permit(event.data["procedure"]):
        return ""
    return _once(_application(audited, event), "permits.open_application", event.id)


def _in_history_of_application(task: str) -> Probe:
    def probe(audited: Audited, event: ReceivedEvent) -> str:
        return _once(_application(audited, event), task, event.id)

    return probe


def _supplement_taken(audited: Audited, event: ReceivedEvent) -> str:
    if not audited.is_permit(event.data["procedure"]):
        return ""
    return _once(_application(audited, event), "permits.take_supplement", event.id)


def _application_closed(audited: Audited, event: ReceivedEvent) -> str:
    if not audited.is_permit(event.data["procedure"]):
        return ""
    application = _application(audited, event)
    if application is None:
        accepted = _dossier(audited, event.subject).get("term") is not None
        return "the dossier was accepted and has no application" if accepted else ""
    return _once(application, "permits.close_application", event.id)


def _consultation_taken(audited: Audited, event: ReceivedEvent) -> str:
    if not event.data["application"].startswith("permitApplications/"):
        return ""
    application = _application(audited, event) or {"consultations": [], "history": []}
    linked = {asked["consultation"] for asked in application["consultations"]}
    if event.data["consultation"] not in linked:
        return "the application does not know the consultation" if "" in linked or not linked else ""
    return _once(application, "permits.take_consultation", event.id)


def _checks_run(audited: Audited, event: ReceivedEvent) -> str:
    application = _application(audited, event)
    waits = application is None or application["state"] == ApplicationState.OPENED
    return "the checks were not run" if waits else ""


def _processing_started(audited: Audited, event: ReceivedEvent) -> str:
    accepted = _dossier(audited, event.data["dossier"]).get("state") == State.ACCEPTED.value
    return "the dossier is not in work" if accepted else ""


def _supplement_requested(audited: Audited, event: ReceivedEvent) -> str:
    application = _application(audited, event) or {}
    asked = _dossier(audited, event.data["dossier"]).get("supplement")
    return "the applicant was not asked" if application.get("supplement") and not asked else ""


def _permit_issued(audited: Audited, event: ReceivedEvent) -> str:
    application = _application(audited, event)
    if application is None or application["state"] == ApplicationState.CLOSED:
        return "" if application else "there is no application"
    permit: dict[str, Any] = audited.find("permits", PERMITS, event.subject) or {}
    if permit.get("state") != PermitState.ISSUED:
        return f"the permit is {permit.get('state', 'not there')}"
    if application["state"] != ApplicationState.ISSUED:
        return f"the application is {application['state']}"
    return _once(application, "permits.issue_permit", event.id)


def _result_returned(audited: Audited, event: ReceivedEvent) -> str:
    dossier = _dossier(audited, event.data["dossier"])
    if dossier.get("state") in ENDED_WITHOUT_RESULT:
        return ""
    times = sum(result["number"] == event.data["number"] for result in dossier.get("results", []))
    if times != 1:
        return f"the dossier has the permit {times} times"
    return "the dossier is not completed" if dossier["state"] == State.PROCESSING.value else ""


def _refusal_returned(audited: Audited, event: ReceivedEvent) -> str:
    state = _dossier(audited, event.data["dossier"]).get("state")
    return "the dossier is still in work" if state in (State.ACCEPTED, State.PROCESSING) else ""


PROBES: dict[str, Probe] = {
    "identity.record_access": _access_recorded,
    "dossier.check_upload": _upload_checked,
    "dossier.recompute_due": _due_recomputed,
    "dossier.issue_slip": _slip_issued,
    "dossier.deliver_result": _result_delivered,
    "permits.open_application": _application_opened,
    "permits.take_supplement": _supplement_taken,
    "permits.close_application": _application_closed,
    "permits.take_consultation": _consultation_taken,
    "permits.run_checks": _checks_run,
    "permits.start_processing": _processing_started,
    "permits.request_supplement": _supplement_requested,
    "permits.request_consultation": _in_history_of_application("permits.request_consultation"),
    "permits.issue_permit": _permit_issued,
    "permits.return_result": _result_returned,
    "permits.return_refusal": _refusal_returned,
    "notify.tell": was_told,
    "notify.deliver": was_delivered,
}
"""All subscribers of `telemetry/topology.yaml`."""
