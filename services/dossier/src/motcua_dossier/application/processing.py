"""The work on a dossier: assignment, supplement, payment, and its ends."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from motcua_dossier.application.held import with_locked
from motcua_dossier.application.ports import Calendars, Ending, Forms, Procedures, Repository
from motcua_dossier.application.sweeping import sweep
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.parts import SupplementItem
from motcua_dossier.domain.procedure import Procedure
from motcua_dossier.domain.states import State
from motcua_kit.access import Access
from motcua_kit.command import Command

BATCH = 200
"""Dossiers that one run of a periodic task takes on."""


@dataclass(frozen=True)
class Processing:
    """Commands on dossiers that are in work."""

    dossiers: Repository[Dossier]
    procedures: Procedures
    forms: Forms
    calendars: Calendars

    def assign(self, command: Command, access: Access, identity: str, handler: str, etag: str) -> Dossier:
        """Give a dossier to an officer.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it is not accepted, or has ended.
        """
        return self._change(command, access, identity, etag, lambda dossier: dossier.assign(handler))

    def start(self, command: Command, access: Access, identity: str, etag: str) -> Dossier:
        """Start the work on an accepted dossier.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it is not accepted.
        """
        return self._change(command, access, identity, etag, lambda dossier: dossier.start_processing(command.time))

    def request_supplement(
        self, command: Command, access: Access, identity: str, items: Sequence[SupplementItem], etag: str
    ) -> Dossier:
        """Ask once for a supplement.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it is not in work.
            PreconditionFailed: it was asked before, or for something that the City holds.
        """
        calendar, supplement_id = self.calendars.current(), uuid.uuid4().hex

        def mutate(dossier: Dossier) -> None:
            procedure = self._pinned(dossier)
            dossier.request_supplement(supplement_id, items, command.actor, procedure, calendar, command.time)

        return self._change(command, access, identity, etag, mutate)

    def answer_supplement(
        self, command: Command, access: Access, identity: str, note: str, form: dict[str, Any] | None, etag: str
    ) -> Dossier:
        """Answer the supplement.

        Raises:
            NotFound: there is no such dossier that the caller may change.
            IllegalTransition: nothing was asked for.
            PreconditionFailed: the time is over, or something is still missing.
            ValidationFailed: the new form is wrong.
        """
        calendar = self.calendars.current()

        def mutate(dossier: Dossier) -> None:
            procedure = self._pinned(dossier)
            new = None if form is None else with_locked(procedure, form, dossier.form)
            violations = [] if new is None else self.forms.violations(procedure, new, complete=True)
            dossier.answer_supplement(procedure, calendar, note, new, violations, command.time)

        return self._change(command, access, identity, etag, mutate)

    def request_payment(
        self, command: Command, access: Access, identity: str, charges: Sequence[str], etag: str
    ) -> Dossier:
        """Ask for a payment.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it is not in work.
            ValidationFailed: the procedure has no such charge.
        """
        return self._change(
            command,
            access,
            identity,
            etag,
            lambda dossier: dossier.request_payment(charges, self._pinned(dossier), command.time),
        )

    def confirm_payment(
        self, command: Command, access: Access, identity: str, amount_vnd: int, receipt_no: str, etag: str
    ) -> Dossier:
        """Record the payment of what is due.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: nothing was asked for.
            PreconditionFailed: the amount is not what is due.
        """
        calendar = self.calendars.current()
        return self._change(
            command,
            access,
            identity,
            etag,
            lambda dossier: dossier.confirm_payment(amount_vnd, receipt_no, calendar, command.time),
        )

    def withdraw(self, command: Command, access: Access, identity: str, reason: str, etag: str) -> Dossier:
        """Withdraw a dossier at the wish of the applicant.

        Raises:
            NotFound: there is no such dossier that the caller may withdraw.
            IllegalTransition: it was not submitted, or has ended.
        """
        return self._change(
            command.because(reason), access, identity, etag, lambda dossier: dossier.withdraw(reason, command.time)
        )

    def stop(self, command: Command, access: Access, identity: str, ending: Ending, etag: str) -> Dossier:
        """Stop a dossier with reasons and law.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it is not in work.
        """
        return self._change(
            command.because(ending.reason),
            access,
            identity,
            etag,
            lambda dossier: dossier.stop(ending.reason, ending.law, command.time),
        )

    def expire_supplements(self, command: Command) -> int:
        """Stop the dossiers whose supplement was not answered in time; return how many. Runs on a schedule.

        Raises:
            ExceptionGroup: some of them could not be stopped; the others are.
        """
        late = self.dossiers.find(
            {"state": State.SUPPLEMENT_REQUESTED.value, "supplement.answer_by": {"$lt": command.time}},
            sort=[("supplement.answer_by", 1)],
            limit=BATCH,
        )

        def expire(dossier: Dossier) -> None:
            law = self._pinned(dossier).supplement.legal_reference
            self.dossiers.change(
                dossier.id,
                command.because("không bổ sung hồ sơ trong thời hạn"),
                lambda fresh: _expire(fresh, law, command.time),
            )

        return sweep(late, expire)

    def _change(
        self, command: Command, access: Access, identity: str, etag: str, mutate: Callable[[Dossier], None]
    ) -> Dossier:
        before = self.dossiers.get(identity)
        access.check(owner=before.applicant, unit=before.unit, assignee=before.handler, resource=f"dossiers/{identity}")
        return self.dossiers.change(identity, command, mutate, etag=etag, known=before)

    def _pinned(self, dossier: Dossier) -> Procedure:
        return self.procedures.version(dossier.procedure, dossier.procedure_version)


def _expire(dossier: Dossier, law: LegalReference, now: datetime) -> None:
    dossier.expire_supplement(law, now)
