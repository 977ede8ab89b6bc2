"""Reception: submission with its code, acceptance, refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from motcua_dossier.application.held import HeldFacts, held_papers
from motcua_dossier.application.ports import (
    Calendars,
    Ending,
    Forms,
    Procedures,
    Registry,
    Repository,
    Sequences,
    Transactions,
)
from motcua_dossier.domain.calendar import city_date
from motcua_dossier.domain.codes import dossier_code
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.parts import HeldPaper
from motcua_dossier.domain.states import State
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.domain import IllegalTransition


@dataclass(frozen=True)
class Reception:
    """Commands on dossiers that come in."""

    dossiers: Repository[Dossier]
    registry: Registry
    held: HeldFacts
    procedures: Procedures
    forms: Forms
    calendars: Calendars
    sequences: Sequences
    transactions: Transactions

    def submit(self, command: Command, access: Access, identity: str, etag: str) -> Dossier:
        """Submit a draft once, however often it is asked for: the same dossier and code come back.

        The number of the code and the dossier change in one transaction, so that no number is lost or used twice.

        Raises:
            NotFound: there is no such dossier that the caller may submit.
            IllegalTransition: it is past reception.
            ValidationFailed: the form is wrong.
            PreconditionFailed: a component is missing or not checked.
        """
        before = self.dossiers.get(identity)
        access.check(owner=before.applicant, unit=before.unit, resource=f"dossiers/{identity}")
        day = city_date(command.time)
        papers = self._papers_still_held(before, day)

        def submit_with_number(session: Any) -> Dossier:
            def mutate(dossier: Dossier) -> None:
                procedure = self.procedures.current(dossier.procedure, day)
                violations = self.forms.violations(procedure, dossier.form, complete=True)
                dossier.papers.link(papers)
                dossier.check_submittable(procedure, violations)
                number = self.sequences.next(dossier.agency_code, day, session)
                dossier.submit(procedure, dossier_code(dossier.agency_code, day, number), violations, command.time)

            return self.dossiers.change(identity, command, mutate, etag=etag, session=session)

        try:
            return self.transactions.run_transaction(submit_with_number)
        except IllegalTransition:
            # The button was pressed twice, under two request ids: the first one counts.
            submitted = self.dossiers.get(identity)
            if submitted.state is State.SUBMITTED:
                return submitted
            raise

    def _papers_still_held(self, dossier: Dossier, day: date) -> list[HeldPaper]:
        """Ask the registers again: a draft may lie for months, and the land be sold meanwhile."""
        procedure = self.procedures.current(dossier.procedure, day)
        if dossier.state is not State.DRAFT or not procedure.parcel_field:
            return []
        person = self.registry.person(dossier.applicant, "dossier.submit")
        holdings = self.held.holdings(procedure, person.citizen_id, dossier.applicant, "dossier.submit")
        return held_papers(procedure, dossier.form, holdings)

    def accept(self, command: Command, access: Access, identity: str, etag: str) -> Dossier:
        """Accept a dossier: the caller is its receiver, and the clock starts.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it does not wait for reception.
        """
        before = self.dossiers.get(identity)
        access.check(unit=before.unit, resource=f"dossiers/{identity}")
        calendar = self.calendars.current()

        def mutate(dossier: Dossier) -> None:
            procedure = self.procedures.version(dossier.procedure, dossier.procedure_version)
            dossier.accept(procedure, calendar, command.actor, command.time)

        return self.dossiers.change(identity, command, mutate, etag=etag, known=before)

    def refuse(self, command: Command, access: Access, identity: str, ending: Ending, etag: str) -> Dossier:
        """Refuse a dossier at reception, with reason and law.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it does not wait for reception.
        """
        before = self.dossiers.get(identity)
        access.check(unit=before.unit, resource=f"dossiers/{identity}")
        return self.dossiers.change(
            identity,
            command.because(ending.reason),
            lambda dossier: dossier.refuse(command.actor, ending.reason, ending.law, command.time),
            etag=etag,
            known=before,
        )
