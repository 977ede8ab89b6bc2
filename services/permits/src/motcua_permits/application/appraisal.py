"""Appraisal: opening, by-law checks, conditions, consultations, the supplement."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.domain import AlreadyExists, FieldViolation, NotFound, PreconditionFailed, ValidationFailed
from motcua_permits.application.forms import kind_of, proposal_of
from motcua_permits.application.ports import Applications, Dossiers, LandRegister, RefusedByDossier, RuleSets
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.bylaws import Finding, RuleSet
from motcua_permits.domain.catalogue import Catalogue
from motcua_permits.domain.facts import HouseProposal, SiteFacts, facts_of
from motcua_permits.domain.permit import local_date
from motcua_permits.domain.review import ConditionReview, SupplementItem
from motcua_permits.domain.states import ApplicationState


@dataclass(frozen=True)
class AcceptedDossier:
    """What the event of acceptance says."""

    dossier: str
    code: str
    procedure: str
    procedure_version: str
    unit: str
    applicant: str
    receiver: str
    accept_time: datetime
    due_time: datetime
    parcel: str
    form: Mapping[str, Any]


def application_of(dossier: str) -> str:
    """Return the id of a dossier's application: that of the dossier, as one carries the other."""
    return dossier.removeprefix("dossiers/")


@dataclass(frozen=True)
class Checks:
    """Results of the by-law checks of one proposal."""

    findings: tuple[Finding, ...]
    site: SiteFacts
    building_class: str


class Appraisal:
    """Takes applications from opening to a state in which a decision can be proposed."""

    def __init__(
        self,
        applications: Applications,
        rule_sets: RuleSets,
        catalogue: Catalogue,
        land: LandRegister,
        dossiers: Dossiers,
    ) -> None:
        self._applications = applications
        self._rule_sets = rule_sets
        self._catalogue = catalogue
        self._land = land
        self._dossiers = dossiers

    def open(self, accepted: AcceptedDossier, command: Command) -> PermitApplication | None:
        """Open the application of an accepted dossier; None when its procedure is no building permit.

        The rules in force on the day of acceptance are pinned: kept as they are, whatever the data says later.
        """
        day = local_date(accepted.accept_time)
        procedure = self._catalogue.procedure(accepted.procedure.removeprefix("procedures/"), day)
        if procedure is None:
            return None
        rule_set = self._catalogue.rule_set(day)
        self._rule_sets.keep(rule_set)
        kind = kind_of(accepted.form, procedure.kind)
        application = PermitApplication(
            id=application_of(accepted.dossier),
            dossier=accepted.dossier,
            dossier_code=accepted.code,
            procedure=accepted.procedure,
            procedure_version=accepted.procedure_version,
            kind=kind,
            unit=accepted.unit,
            applicant=accepted.applicant,
            receiver=accepted.receiver,
            parcel=accepted.parcel,
            due_time=accepted.due_time,
            rules_date=day,
            rule_set=rule_set.digest,
            proposal=proposal_of(accepted.form),
            checklist=self._catalogue.checklist(kind, day),
        )
        application.open()
        try:
            return self._applications.create(application, command)
        except AlreadyExists:
            return self._applications.get(application.id)

    def start_processing(self, application_id: str) -> None:
        """Tell the dossier service that the work has begun (2 → 4), unless somebody has."""
        self._start(self._applications.get(application_id))

    def first_checks(self, command: Command, access: Access, application_id: str) -> None:
        """Run the checks of a new application, unless it has gone on by itself."""
        if self._applications.get(application_id).state is ApplicationState.OPENED:
            self.run_checks(command, access, application_id)

    def run_checks(self, command: Command, access: Access, application_id: str, *, etag: str = "") -> PermitApplication:
        """Run the by-law checks under the pinned rules on fresh facts of the site."""
        application = self._reached(access, application_id)
        due_time = self._dossiers.get(application.dossier).due_time
        checks = self._check(application.rule_set, application.parcel, application.proposal, command.time)

        def mutate(current: PermitApplication) -> None:
            current.take_checks(checks.findings, checks.site, checks.building_class, now=command.time)
            current.take_due_time(due_time or current.due_time)

        return self._applications.change(application_id, command, mutate, etag=etag)

    def review_checklist(
        self,
        command: Command,
        access: Access,
        application_id: str,
        reviews: Sequence[ConditionReview],
        *,
        etag: str = "",
    ) -> PermitApplication:
        """Record a handler's review of conditions."""
        self._reached(access, application_id)
        return self._applications.change(
            application_id,
            command,
            lambda current: current.review(reviews, officer=command.actor, now=command.time),
            etag=etag,
        )

    def request_consultation(
        self,
        command: Command,
        access: Access,
        application_id: str,
        *,
        agency_unit: str,
        subject: str,
        question: str,
        etag: str = "",
    ) -> PermitApplication:
        """Note that an agency is to be asked; the dossier service is told by event."""
        self._reached(access, application_id)
        return self._applications.change(
            application_id,
            command,
            lambda current: current.request_consultation(
                uuid.uuid4().hex, agency_unit=agency_unit, subject=subject, question=question, officer=command.actor
            ),
            etag=etag,
        )

    def ask_agency(self, command: Command, application_id: str, consultation_id: str) -> None:
        """Have the dossier service ask the agency, and link what it made of it."""
        application = self._applications.get(application_id)
        asked = next((one for one in application.consultations if one.consultation_id == consultation_id), None)
        if asked is None:
            return
        self._start(application)
        try:
            made = self._dossiers.create_consultation(
                application.dossier,
                application.name,
                agency_unit=asked.agency_unit,
                subject=asked.subject,
                question=asked.question,
                key=f"{application.name}/consultations/{consultation_id}",
            )
        except RefusedByDossier as refused:
            problem = refused.problem
            self._applications.change(
                application_id, command, lambda current: current.drop_consultation(consultation_id, problem)
            )
            return
        self._applications.change(
            application_id,
            command,
            lambda current: current.take_consultation(consultation_id, consultation=made.name, deadline=made.deadline),
        )

    def take_consultation(self, command: Command, application_id: str, consultation: str) -> bool:
        """Take the end of a consultation; False when the link to it has not been written yet."""
        application = self._applications.get(application_id)
        if all(asked.consultation != consultation for asked in application.consultations):
            return all(asked.consultation for asked in application.consultations)
        answer = self._dossiers.consultation(consultation)
        self._applications.change(
            application_id,
            command,
            lambda current: current.close_consultation(
                consultation, answer.outcome, opinion=answer.opinion, now=answer.close_time or command.time
            ),
        )
        return True

    def request_supplement(
        self,
        command: Command,
        access: Access,
        application_id: str,
        items: Sequence[SupplementItem],
        *,
        etag: str = "",
    ) -> PermitApplication:
        """Note that the applicant is to complete the dossier; the dossier service is told by event.

        Raises:
            ValidationFailed: the procedure has no such component (COMPONENT_UNKNOWN).
            PreconditionFailed: the City holds it already (COMPONENT_HELD_BY_CITY).
        """
        application = self._reached(access, application_id)
        components = self._dossiers.get(application.dossier).components
        for position, item in enumerate(items):
            _require_askable(components, position, item)
        return self._applications.change(
            application_id,
            command,
            lambda current: current.request_supplement(items, officer=command.actor, now=command.time),
            etag=etag,
        )

    def ask_applicant(self, command: Command, application_id: str) -> None:
        """Have the dossier service ask the applicant; a refusal puts the application back before the handler."""
        application = self._applications.get(application_id)
        if application.supplement is None:
            return
        self._start(application)
        try:
            self._dossiers.request_supplement(
                application.dossier, application.supplement.items, key=f"{application.name}/supplement"
            )
        except RefusedByDossier as refused:
            problem = refused.problem
            self._applications.change(application_id, command, lambda current: current.drop_supplement(problem))

    def take_supplement(
        self,
        command: Command,
        dossier: str,
        procedure: str,
        *,
        parcel: str,
        form: Mapping[str, Any],
        due_time: datetime,
    ) -> bool:
        """Take the applicant's answer and check the new proposal; False when the application is not open yet."""
        if not self._catalogue.is_permit(procedure.removeprefix("procedures/")):
            return True
        application_id = application_of(dossier)
        try:
            application = self._applications.get(application_id)
        except NotFound:
            return False
        proposal = proposal_of(form) if form.get("works") else application.proposal
        checks = self._check(application.rule_set, parcel, proposal, command.time)

        def mutate(current: PermitApplication) -> None:
            if current.take_supplement(proposal, parcel=parcel, due_time=due_time, now=command.time):
                current.take_checks(checks.findings, checks.site, checks.building_class, now=command.time)

        self._applications.change(application_id, command, mutate)
        return True

    def close(self, command: Command, dossier: str, procedure: str) -> bool:
        """End the application of a dossier that ended; False when it is not open yet but must be."""
        if not self._catalogue.is_permit(procedure.removeprefix("procedures/")):
            return True
        try:
            self._applications.change(application_of(dossier), command, lambda current: current.close())
        except NotFound:
            return not self._dossiers.get(dossier).accepted
        return True

    def _start(self, application: PermitApplication) -> None:
        """Start the dossier; events come in any order, so whoever needs it started does it."""
        if self._dossiers.get(application.dossier).state == "ACCEPTED":
            self._dossiers.start_processing(application.dossier, key=f"{application.name}/start")

    def _reached(self, access: Access, application_id: str) -> PermitApplication:
        application = self._applications.get(application_id)
        access.check(
            owner=application.applicant,
            unit=application.unit,
            assignee=application.handler,
            resource=application.name,
        )
        return application

    def _check(self, rule_set_digest: str, parcel: str, proposal: HouseProposal, now: datetime) -> Checks:
        rule_set: RuleSet = self._rule_sets.get(rule_set_digest)
        site = self._land.site(parcel, now=now) if parcel else SiteFacts(read_time=now)
        facts = facts_of(proposal, site)
        return Checks(tuple(rule_set.check(facts)), site, rule_set.building_class(facts))


def _require_askable(components: Mapping[str, str], position: int, item: SupplementItem) -> None:
    if item.component not in components:
        message = "the procedure has no such component"
        violation = FieldViolation(f"items[{position}].component", "COMPONENT_UNKNOWN", message)
        raise ValidationFailed("COMPONENT_UNKNOWN", message, [violation], component=item.component)
    if components[item.component] == "REUSED":
        raise PreconditionFailed(
            "COMPONENT_HELD_BY_CITY", "the City holds it and may not ask for it", component=item.component
        )
