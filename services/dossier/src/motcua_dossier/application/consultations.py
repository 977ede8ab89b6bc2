"""Consultations of other agencies: asked with a deadline, answered, or lapsed into consent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from motcua_dossier.application.ports import Calendars, Procedures, Registry, Repository
from motcua_dossier.application.sweeping import sweep
from motcua_dossier.domain.calendar import city_date
from motcua_dossier.domain.consultation import Consultation, ConsultationState, Outcome
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.states import Clock
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.domain import IllegalTransition, NotFound, ValidationFailed
from motcua_kit.store import Page

BATCH = 200
"""Consultations that one run of a periodic task takes on."""


@dataclass(frozen=True)
class Question:
    """What is asked, and whom."""

    dossier: str
    application: str
    unit: str
    subject: str
    question: str
    working_days: int
    legal_reference: LegalReference | None


@dataclass(frozen=True)
class Consultations:
    """Commands and queries on consultations."""

    consultations: Repository[Consultation]
    dossiers: Repository[Dossier]
    procedures: Procedures
    registry: Registry
    calendars: Calendars

    def create(self, command: Command, access: Access, new: Question) -> Consultation:
        """Ask an agency.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: the clock of the dossier does not run.
            ValidationFailed: there is no such unit, or no deadline.
        """
        dossier = self.dossiers.get(new.dossier.removeprefix("dossiers/"))
        access.check(unit=dossier.unit, assignee=dossier.handler, resource=new.dossier)
        if dossier.state.clock is not Clock.RUNNING:
            raise IllegalTransition(
                "TRANSITION_NOT_ALLOWED",
                f"no consultation in {dossier.state.name}",
                command="CreateConsultation",
                state=dossier.state.name,
            )
        rule = self.procedures.version(dossier.procedure, dossier.procedure_version).consultation
        days = new.working_days or (rule.working_days if rule else 0)
        law = new.legal_reference or (rule.legal_reference if rule else None)
        if days == 0:
            raise ValidationFailed("DEADLINE_REQUIRED", "the procedure sets no deadline: name one", unit=new.unit)
        self._require_unit(new.unit, command)
        consultation = Consultation(
            id=uuid.uuid4().hex,
            dossier=new.dossier,
            dossier_unit=dossier.unit,
            application=new.application,
            unit=new.unit,
            subject=new.subject,
            question=new.question,
            working_days=days,
            requester=command.actor,
            request_time=command.time,
            deadline=self.calendars.current().working(new.unit).answer_by(command.time, days),
            legal_reference=law,
        )
        consultation.open()
        return self.consultations.create(consultation, command)

    def get(self, access: Access, identity: str) -> Consultation:
        """Return a consultation.

        Raises:
            NotFound: there is none that concerns the caller's units.
        """
        consultation = self.consultations.get(identity)
        if not (access.allows(unit=consultation.unit) or access.allows(unit=consultation.dossier_unit)):
            raise NotFound(resource=f"consultations/{identity}")
        return consultation

    def page(
        self, access: Access, parent: str, page: Page, state: ConsultationState | None
    ) -> tuple[list[Consultation], str]:
        """Return a page of the consultations of a dossier, or of those that a unit was asked, by deadline.

        Raises:
            NotFound: there is no such parent that the caller may see.
        """
        query: dict[str, Any] = {}
        if parent.startswith("dossiers/"):
            dossier = self.dossiers.get(parent.removeprefix("dossiers/"))
            access.check(unit=dossier.unit, resource=parent)
            query["dossier"] = parent
        else:
            access.check(unit=parent, resource=parent)
            query["unit"] = parent
        if state is not None:
            query["state"] = state.value
        return self.consultations.page(query, [("deadline", 1)], page)

    def answer(
        self, command: Command, access: Access, identity: str, outcome: Outcome, answer: str, etag: str
    ) -> Consultation:
        """Answer for the agency that was asked.

        Raises:
            NotFound: the caller's units were not asked.
            IllegalTransition: it is closed, or the deadline has passed.
            ValidationFailed: an objection or conditions come without a text.
        """
        before = self.consultations.get(identity)
        access.check(unit=before.unit, resource=f"consultations/{identity}")
        return self.consultations.change(
            identity,
            command,
            lambda consultation: consultation.answer_with(outcome, answer, command.actor, command.time),
            etag=etag,
        )

    def lapse(self, command: Command) -> int:
        """Take silence for consent where the deadline has passed; return how often. Runs on a schedule.

        Raises:
            ExceptionGroup: some of them could not be closed; the others are.
        """
        late = self.consultations.find(
            {"state": ConsultationState.REQUESTED.value, "deadline": {"$lt": command.time}},
            sort=[("deadline", 1)],
            limit=BATCH,
        )

        def close(consultation: Consultation) -> None:
            dossier = self.dossiers.get(consultation.dossier.removeprefix("dossiers/"))
            if dossier.state.clock is Clock.ENDED:
                self.consultations.change(consultation.id, command, lambda fresh: fresh.cancel(command.time))
            else:
                self.consultations.change(consultation.id, command, lambda fresh: _lapse(fresh, command.time))

        return sweep(late, close)

    def _require_unit(self, unit: str, command: Command) -> None:
        try:
            self.registry.unit(unit, city_date(command.time))
        except NotFound as absent:
            raise ValidationFailed(
                "UNIT_NOT_COMPETENT", f"there is no unit {unit}", unit=unit, procedure=""
            ) from absent


def _lapse(consultation: Consultation, now: datetime) -> None:
    consultation.lapse(now)
