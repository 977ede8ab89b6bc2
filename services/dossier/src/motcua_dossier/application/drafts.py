"""Drafts: made prefilled, changed and deleted by their owner; papers of the City linked instead of asked for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from motcua_dossier.application.files import upload_key
from motcua_dossier.application.held import HeldFacts, held_papers, prefilled, with_locked
from motcua_dossier.application.ports import (
    Drafts,
    Forms,
    ObjectStore,
    Person,
    Procedures,
    Registry,
    Repository,
    Sequences,
    Unit,
)
from motcua_dossier.domain.calendar import city_date
from motcua_dossier.domain.codes import is_agency_code
from motcua_dossier.domain.conditions import value_at
from motcua_dossier.domain.documents import Document, DocumentKind
from motcua_dossier.domain.dossier import DeliveryMethod, Dossier
from motcua_dossier.domain.parts import HeldPaper
from motcua_dossier.domain.procedure import Channel, Procedure
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.domain import FieldViolation, NotFound, PreconditionFailed, StaleVersion, ValidationFailed


@dataclass(frozen=True)
class NewDraft:
    """What somebody who starts a dossier says."""

    procedure: str
    unit: str
    applicant: str
    form: dict[str, Any]
    delivery_method: DeliveryMethod | None


@dataclass(frozen=True)
class Drafting:
    """Commands on drafts."""

    dossiers: Repository[Dossier]
    drafts: Drafts
    documents: Repository[Document]
    procedures: Procedures
    forms: Forms
    registry: Registry
    held: HeldFacts
    sequences: Sequences
    objects: ObjectStore

    def create(self, command: Command, access: Access, new: NewDraft) -> Dossier:
        """Make a draft, prefilled, with papers that the City holds linked as reused.

        Raises:
            NotFound: there is no such procedure or applicant.
            ValidationFailed: the unit is not competent, or the form is wrong where it is filled in.
            PreconditionFailed: the account of the applicant lacks assurance.
        """
        applicant = new.applicant or command.actor
        access.check(owner=applicant, unit=new.unit)
        if not applicant.startswith("accounts/"):
            message = "say for whom: an officer files for a person"
            raise ValidationFailed(
                "REQUEST_INVALID", message, [FieldViolation("dossier.applicant", "REQUEST_INVALID", message)]
            )
        today = city_date(command.time)
        procedure = self.procedures.current(new.procedure, today)
        unit = self._competent_unit(procedure, new.unit, command)
        person = self._eligible(procedure, applicant)
        holdings = self.held.holdings(procedure, person.citizen_id, applicant)
        form = prefilled(procedure, person, holdings, new.unit)
        if new.form:
            form = with_locked(procedure, {**form, **new.form}, form)
        self._require_valid(procedure, form)
        dossier = Dossier(
            id=uuid.uuid4().hex,
            procedure=procedure.name,
            procedure_title=procedure.title.vi,
            unit=unit.name,
            unit_title=unit.title,
            agency_code=unit.agency_code,
            applicant=applicant,
            applicant_name=person.full_name,
            channel=Channel.ONLINE if applicant == command.actor else Channel.COUNTER,
            delivery_method=new.delivery_method or DeliveryMethod.ONLINE,
            form=form,
            queue_time=command.time,
        )
        dossier.draft(procedure, held_papers(procedure, form, holdings))
        self.sequences.ensure(unit.agency_code)
        return self.dossiers.create(dossier, command)

    def update(
        self,
        command: Command,
        access: Access,
        identity: str,
        *,
        form: dict[str, Any] | None,
        delivery_method: DeliveryMethod | None,
        etag: str,
    ) -> Dossier:
        """Change the form or the delivery of a draft; what the City holds for the new form is linked anew.

        Raises:
            NotFound: there is no such dossier that the caller may change.
            PreconditionFailed: it is no draft.
            ValidationFailed: the form is wrong where it is filled in.
        """
        before = self.dossiers.get(identity)
        access.check(owner=before.applicant, unit=before.unit, resource=f"dossiers/{identity}")
        before.require_draft()
        procedure = self.procedures.current(before.procedure, city_date(command.time))
        papers: list[HeldPaper] | None = None
        if form is not None:
            form = with_locked(procedure, form, before.form)
            self._require_valid(procedure, form)
            papers = self._papers(procedure, before, form)

        def mutate(dossier: Dossier) -> None:
            if form is not None:
                dossier.update_form(procedure, form, papers or [])
            if delivery_method is not None:
                dossier.choose_delivery(delivery_method)

        return self.dossiers.change(identity, command, mutate, etag=etag, known=before)

    def delete(self, command: Command, access: Access, identity: str, etag: str) -> None:
        """Delete a draft with its files: these are hidden at once, and gone once their time of grace is over.

        Raises:
            NotFound: there is no such dossier that the caller may delete.
            PreconditionFailed: it is no draft.
            StaleVersion: it was changed since the caller read it.
        """
        dossier = self.dossiers.get(identity)
        access.check(owner=dossier.applicant, unit=dossier.unit, resource=f"dossiers/{identity}")
        dossier.require_draft()
        if (etag and etag != dossier.etag) or not self.drafts.delete(identity, dossier.version, command):
            raise StaleVersion("ETAG_MISMATCH", "it was changed since you read it", resource=f"dossiers/{identity}")
        for upload in dossier.uploads:
            self.objects.delete(upload_key(identity, upload.id))

    def reuse(self, command: Command, access: Access, identity: str, paper: HeldPaper, etag: str) -> Dossier:
        """Link a component to a paper that the City holds for the applicant.

        Raises:
            NotFound: there is no such dossier that the caller may change.
            PreconditionFailed: the City does not hold that paper for the applicant, or it cannot stand for that.
        """
        before = self.dossiers.get(identity)
        access.check(owner=before.applicant, unit=before.unit, resource=f"dossiers/{identity}")
        procedure = self._procedure_of(before, command)
        kind = self._kind_held(before, procedure, paper)

        def mutate(dossier: Dossier) -> None:
            dossier.reuse(procedure, paper, kind)

        return self.dossiers.change(identity, command, mutate, etag=etag, known=before)

    def _competent_unit(self, procedure: Procedure, name: str, command: Command) -> Unit:
        try:
            unit = self.registry.unit(name, city_date(command.time))
        except NotFound:
            unit = None
        if unit is None or unit.kind not in procedure.authorities or not is_agency_code(unit.agency_code):
            raise ValidationFailed(
                "UNIT_NOT_COMPETENT", f"{name} does not handle {procedure.code}", unit=name, procedure=procedure.code
            )
        return unit

    def _eligible(self, procedure: Procedure, applicant: str) -> Person:
        person = self.registry.person(applicant, "dossier.prefill")
        if person.assurance_level < procedure.assurance_level:
            raise PreconditionFailed(
                "APPLICANT_NOT_ELIGIBLE",
                f"{procedure.code} needs an account of level {procedure.assurance_level}",
                procedure=procedure.code,
                level=str(procedure.assurance_level),
            )
        return person

    def _papers(self, procedure: Procedure, dossier: Dossier, form: dict[str, Any]) -> list[HeldPaper]:
        """Papers held for a changed form; the register is asked only when the form names another parcel."""
        if not procedure.parcel_field:
            return []
        parcel = value_at(form, procedure.parcel_field)
        if parcel == value_at(dossier.form, procedure.parcel_field):
            return [
                HeldPaper(component.code, component.source)
                for component in dossier.components
                if component.source.startswith("certificates/")
            ]
        person = self.registry.person(dossier.applicant, "dossier.prefill")
        return held_papers(procedure, form, self.held.holdings(procedure, person.citizen_id, dossier.applicant))

    def _kind_held(self, dossier: Dossier, procedure: Procedure, paper: HeldPaper) -> str:
        """Check that the City holds the paper for the applicant; return the kind of the result for a document."""
        collection, _, identity = paper.source.partition("/")
        if collection == "documents":
            try:
                document = self.documents.get(identity)
            except NotFound:
                document = None
            if (
                document is None
                or document.owner != dossier.applicant
                or document.kind is not DocumentKind.RESULT
                or document.delivery_time is None
            ):
                raise _not_held(paper)
            return document.form
        person = self.registry.person(dossier.applicant, "dossier.reuse")
        holdings = self.held.holdings(procedure, person.citizen_id, dossier.applicant)
        if paper.source not in {holding.certificate for holding in holdings}:
            raise _not_held(paper)
        return ""

    def _procedure_of(self, dossier: Dossier, command: Command) -> Procedure:
        if dossier.procedure_version:
            return self.procedures.version(dossier.procedure, dossier.procedure_version)
        return self.procedures.current(dossier.procedure, city_date(command.time))

    def _require_valid(self, procedure: Procedure, form: dict[str, Any]) -> None:
        violations = self.forms.violations(procedure, form, complete=False)
        if violations:
            raise ValidationFailed("FORM_INVALID", "the form does not satisfy its schema", violations)


def _not_held(paper: HeldPaper) -> PreconditionFailed:
    return PreconditionFailed(
        "SOURCE_NOT_HELD", f"the City does not hold {paper.source} for the applicant", source=paper.source
    )
