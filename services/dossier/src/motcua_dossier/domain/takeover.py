"""Dossiers of the system before this one, taken over step by step (chuyển dữ liệu hồ sơ).

The old system says what happened and when; the tables of this one say whether that is possible, and what follows from
it: states, time limit, place in the queue. Nobody is told: no event comes of a step that lies in the past.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.papers import Papers
from motcua_dossier.domain.parts import Charge
from motcua_dossier.domain.past import IDENTITIES, Action, PastDossier, PastStep, RecordRefused
from motcua_dossier.domain.procedure import Procedure
from motcua_dossier.domain.states import BUSINESS, DELIVERY, FINANCE
from motcua_dossier.domain.term import Term
from motcua_kit.domain import DomainError, FieldViolation


def taken_over(
    past: PastDossier, procedure: Procedure, unit_title: str, agency_code: str, calendar: CityCalendar
) -> Dossier:
    """Return the dossier that the steps lead to.

    Args:
        past: what the old system says; it has no `problems`.
        procedure: the version in force when it was submitted.
        unit_title: name of its unit.
        agency_code: code of the unit's agency.
        calendar: the calendar in use.

    Raises:
        RecordRefused: the tables do not allow a step, or something that belongs to it is missing; the violation
            names the field.
    """
    dossier = Dossier(
        id=past.identity,
        procedure=procedure.name,
        procedure_title=procedure.title.vi,
        procedure_version=procedure.version,
        unit=past.unit,
        unit_title=unit_title,
        agency_code=agency_code,
        applicant=past.applicant,
        applicant_name=past.applicant_name,
        channel=past.channel,
        delivery_method=past.delivery_method,
        code=past.code,
        form=past.form,
        handler=past.handler,
        papers=Papers.of(procedure, past.form),
        submit_time=past.submit_time,
        queue_time=past.submit_time,
        create_time=past.submit_time,
    )
    with about("papers"):
        dossier.papers.hand_in(past.papers)
    told = _Told(dossier, past, procedure, calendar)
    for position, step in enumerate(past.steps):
        with about(f"steps.{position}"):
            _FOLLOWED[step.action](told, step)
    if dossier.term is not None:
        dossier.term.recompute(calendar.working(dossier.unit))
        dossier.place(past.steps[-1].time)
    dossier.take_events()
    return dossier


@contextmanager
def about(place: str) -> Iterator[None]:
    """Say of a refusal inside the block that the field is why.

    Raises:
        RecordRefused: with the reason of the refusal.
    """
    try:
        yield
    except DomainError as refusal:
        raise RecordRefused([FieldViolation(place, refusal.reason, refusal.message)]) from refusal


class StepIncomplete(DomainError):
    """A step lacks what belongs to it."""


@dataclass(frozen=True)
class _Told:
    """A dossier that is told step by step, by its own commands where they need only what the old system knows.

    Its papers and results are not here, and its charges are those of their time.
    """

    dossier: Dossier
    past: PastDossier
    procedure: Procedure
    calendar: CityCalendar

    def submit(self, step: PastStep) -> None:
        self.dossier.move("Submit", step.time)

    def accept(self, step: PastStep) -> None:
        BUSINESS.next(self.dossier.state, "Accept")
        limit = self.past.working_days or self.procedure.time_limit(self.past.form).working_days
        self.dossier.term = Term.begin(step.time, limit, self.calendar.working(self.dossier.unit))
        self.dossier.receiver = step.actor
        self.dossier.move("Accept", step.time)

    def refuse(self, step: PastStep) -> None:
        self.dossier.refuse(step.actor, _reason(step), _law(step), step.time)

    def start(self, step: PastStep) -> None:
        self.dossier.start_processing(step.time)

    def request_supplement(self, step: PastStep) -> None:
        _require("ITEMS_MISSING", step.items)
        identity = uuid.uuid5(IDENTITIES, f"{self.past.code}/supplement").hex
        self.dossier.request_supplement(identity, step.items, step.actor, self.procedure, self.calendar, step.time)

    def answer_supplement(self, step: PastStep) -> None:
        self.dossier.move("AnswerSupplement", step.time)
        if self.dossier.supplement is not None:
            self.dossier.supplement.answer_time, self.dossier.supplement.note = step.time, step.reason

    def request_payment(self, step: PastStep) -> None:
        _require("CHARGES_MISSING", step.charges)
        self.dossier.move("RequestPayment", step.time)
        self.dossier.charges += [Charge(one.code, one.title, one.amount_vnd) for one in step.charges]
        self.dossier.finance_state = FINANCE.next(self.dossier.finance_state, "Charge")

    def confirm_payment(self, step: PastStep) -> None:
        due = sum(charge.amount_vnd for charge in self.dossier.charges if not charge.paid)
        self.dossier.confirm_payment(due, step.receipt_no, self.calendar, step.time)

    def withdraw(self, step: PastStep) -> None:
        self.dossier.withdraw(_reason(step), step.time)

    def stop(self, step: PastStep) -> None:
        self.dossier.stop(_reason(step), _law(step), step.time)

    def complete(self, step: PastStep) -> None:
        self.dossier.move("Complete", step.time)
        self.dossier.complete_time = step.time
        self.dossier.delivery_state = DELIVERY.next(self.dossier.delivery_state, "Prepare")

    def deliver(self, step: PastStep) -> None:
        self.dossier.deliver(step.time)


_FOLLOWED: dict[Action, Callable[[_Told, PastStep], None]] = {
    Action.SUBMIT: _Told.submit,
    Action.ACCEPT: _Told.accept,
    Action.REFUSE: _Told.refuse,
    Action.START: _Told.start,
    Action.REQUEST_SUPPLEMENT: _Told.request_supplement,
    Action.ANSWER_SUPPLEMENT: _Told.answer_supplement,
    Action.REQUEST_PAYMENT: _Told.request_payment,
    Action.CONFIRM_PAYMENT: _Told.confirm_payment,
    Action.WITHDRAW: _Told.withdraw,
    Action.STOP: _Told.stop,
    Action.COMPLETE: _Told.complete,
    Action.DELIVER: _Told.deliver,
}


def _reason(step: PastStep) -> str:
    _require("REASON_MISSING", step.reason)
    return step.reason


def _law(step: PastStep) -> LegalReference:
    if step.legal_reference is None:
        raise StepIncomplete("LEGAL_REFERENCE_MISSING", f"{step.action} wants its law")
    return step.legal_reference


def _require(reason: str, value: object) -> None:
    if not value:
        raise StepIncomplete(reason, f"{reason.partition('_')[0].lower()} of the step are not given")
