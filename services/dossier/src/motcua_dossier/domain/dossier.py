"""The dossier (hồ sơ thủ tục hành chính): the legal envelope of a procedure, from draft to handed-over result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from motcua_dossier.domain import events
from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.domain.conditions import value_at
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.names import terms_of
from motcua_dossier.domain.papers import Papers
from motcua_dossier.domain.parts import (
    RESULT_COMPONENT,
    Charge,
    Component,
    HeldPaper,
    Inspection,
    NewUpload,
    Result,
    Slip,
    Supplement,
    SupplementItem,
    Upload,
    UploadState,
)
from motcua_dossier.domain.procedure import Channel, Procedure
from motcua_dossier.domain.states import (
    BUSINESS,
    DELIVERY,
    FINANCE,
    SYNC,
    Clock,
    DeliveryState,
    FinanceState,
    State,
    SyncState,
)
from motcua_dossier.domain.term import Pause, Term
from motcua_kit.domain import (
    Aggregate,
    FieldViolation,
    IllegalTransition,
    NotFound,
    PreconditionFailed,
    ValidationFailed,
)


class DeliveryMethod(Enum):
    """How the result is handed over."""

    ONLINE = "online"
    COUNTER = "counter"
    POST = "post"


@dataclass(kw_only=True)
class Dossier(Aggregate):
    """One application of one person under one procedure.

    Attributes:
        code: code for life, given at submission.
        procedure: resource name of the procedure.
        procedure_version: version it is decided under, pinned at submission.
        procedure_title: title in Vietnamese, for lists and slips.
        unit: resource name of the competent unit.
        unit_title: name of the unit at the time of the draft.
        agency_code: code of the unit's agency, which starts the code.
        applicant: account of the applicant.
        applicant_name: legal name of the applicant.
        form: what the applicant filled in.
        waits_for: role that must act next; empty when nobody must. Kept for the queue's index.
        queue_time: what the queue is sorted by: the due time, before acceptance the time of submission.
        terms: what the applicant's name is found by.
    """

    procedure: str
    procedure_title: str
    unit: str
    unit_title: str
    agency_code: str
    applicant: str
    applicant_name: str
    queue_time: datetime
    channel: Channel = Channel.ONLINE
    delivery_method: DeliveryMethod = DeliveryMethod.ONLINE
    code: str = ""
    procedure_version: str = ""
    form: dict[str, Any] = field(default_factory=dict)
    state: State = State.DRAFT
    finance_state: FinanceState = FinanceState.NOT_DUE
    delivery_state: DeliveryState = DeliveryState.NOT_READY
    sync_state: SyncState = SyncState.NONE
    papers: Papers = field(default_factory=Papers)
    supplement: Supplement | None = None
    charges: list[Charge] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    receiver: str = ""
    handler: str = ""
    submit_time: datetime | None = None
    term: Term | None = None
    complete_time: datetime | None = None
    end_reason: str = ""
    end_legal_reference: LegalReference | None = None
    waits_for: str = ""
    terms: list[str] = field(default_factory=list)

    # ── draft ──────────────────────────────────────────────────────────────────────────────────────────────────

    def draft(self, procedure: Procedure, held: Iterable[HeldPaper]) -> None:
        """Set up a new draft: its components, with those that the City holds linked as reused."""
        self.papers = Papers.of(procedure, self.form)
        self.papers.link(held)
        self.place(self.queue_time)
        self.record(events.DossierDrafted(**self._about()))

    def update_form(self, procedure: Procedure, form: dict[str, Any], held: Iterable[HeldPaper]) -> None:
        """Replace the form of a draft.

        Raises:
            PreconditionFailed: it is no draft any more.
        """
        self.require_draft()
        self._take_form(procedure, form)
        self.papers.link(held)

    def choose_delivery(self, method: DeliveryMethod) -> None:
        """Choose how the result of a draft is to be handed over.

        Raises:
            PreconditionFailed: it is no draft any more.
        """
        self.require_draft()
        self.delivery_method = method

    def require_draft(self) -> None:
        """Let only a draft pass.

        Raises:
            PreconditionFailed: it is no draft any more.
        """
        if self.state is not State.DRAFT:
            raise PreconditionFailed("NOT_A_DRAFT", "only a draft can be changed", state=self.state.name)

    def reuse(self, procedure: Procedure, paper: HeldPaper, kind: str = "") -> None:
        """Let a paper that the City holds stand for a component.

        Args:
            procedure: the procedure.
            paper: the component and the paper.
            kind: kind of the result, when the paper is a document of the person.

        Raises:
            PreconditionFailed: the state does not let components change, or the component cannot be reused from there.
            ValidationFailed: there is no such component.
        """
        self._require_open_for(paper.component)
        self.papers.reuse(procedure.component(paper.component), paper.source, kind)

    # ── files ──────────────────────────────────────────────────────────────────────────────────────────────────

    def prepare_upload(self, procedure: Procedure, new: NewUpload, now: datetime) -> Upload:
        """Prepare a place for a file of the applicant.

        Raises:
            PreconditionFailed: the City holds the component, or the state does not take files for it.
            ValidationFailed: the component is unknown, or does not take such a file.
        """
        self._require_open_for(new.component)
        supplement = self.supplement.id if self.state is State.SUPPLEMENT_REQUESTED and self.supplement else ""
        return self.papers.prepare(procedure.component(new.component), new, supplement, now)

    def prepare_result(self, new: NewUpload, now: datetime) -> Upload:
        """Prepare a place for a result.

        Raises:
            IllegalTransition: the dossier is not being processed.
        """
        self._require_processing("CreateResultUpload")
        return self.papers.add(new, "", now)

    def finalize_upload(self, upload_id: str) -> None:
        """Note that the bytes have been sent; saying it again changes nothing.

        Raises:
            NotFound: there is no such upload.
        """
        if self.papers.finalize(upload_id):
            self.record(events.DocumentUploaded(upload=upload_id, **self._about()))

    def settle_upload(self, upload_id: str, inspection: Inspection, now: datetime) -> None:
        """Note what the check of a file found; a file is settled once.

        Raises:
            NotFound: there is no such upload.
        """
        self.papers.settle(upload_id, inspection, now)

    def drop_unsent_uploads(self, until: datetime) -> None:
        """Forget the places for files that were prepared until a time and never filled, whatever the state."""
        self.papers.drop_unsent(until)

    @property
    def accept_time(self) -> datetime | None:
        """When it was accepted; None before."""
        return self.term.accept_time if self.term else None

    @property
    def due_time(self) -> datetime | None:
        """When it is due; None before it is accepted."""
        return self.term.due_time if self.term else None

    @property
    def working_days(self) -> int:
        """Limit in working days; 0 before it is accepted."""
        return self.term.working_days if self.term else 0

    @property
    def pauses(self) -> list[Pause]:
        """Times in which the clock did not run."""
        return self.term.pauses if self.term else []

    @property
    def components(self) -> list[Component]:
        """Components and where they come from."""
        return self.papers.components

    @property
    def uploads(self) -> list[Upload]:
        """Files."""
        return self.papers.uploads

    def upload(self, upload_id: str) -> Upload:
        """Return a file.

        Raises:
            NotFound: there is none of that id.
        """
        return self.papers.upload(upload_id)

    def component(self, code: str) -> Component:
        """Return a component.

        Raises:
            ValidationFailed: there is none of that code.
        """
        return self.papers.component(code)

    # ── reception ──────────────────────────────────────────────────────────────────────────────────────────────

    def check_submittable(self, procedure: Procedure, violations: Sequence[FieldViolation]) -> None:
        """Refuse a draft that is not complete.

        Args:
            procedure: version in force now.
            violations: what the form's schema finds wrong.

        Raises:
            IllegalTransition: it is no draft.
            ValidationFailed: the form is wrong.
            PreconditionFailed: a component is missing or not checked.
        """
        BUSINESS.next(self.state, "Submit")
        _require_valid(violations)
        procedure.time_limit(self.form)
        self._take_form(procedure, self.form)
        self.papers.require_complete()

    def submit(self, procedure: Procedure, code: str, violations: Sequence[FieldViolation], now: datetime) -> None:
        """Submit the draft under a version of the procedure, which it keeps, and a code for life.

        Raises:
            IllegalTransition: it is no draft.
            ValidationFailed: the form is wrong.
            PreconditionFailed: a component is missing or not checked.
        """
        self.check_submittable(procedure, violations)
        self.code = code
        self.procedure_version = procedure.version
        self.submit_time = now
        self.papers.drop_unsent()
        self.move("Submit", now)
        self.record(events.DossierSubmitted(submit_time=now, **self._about()))

    def accept(self, procedure: Procedure, calendar: CityCalendar, receiver: str, now: datetime) -> None:
        """Accept the dossier: the receiver is recorded and the clock starts (NĐ 118/2025 Điều 17).

        Raises:
            IllegalTransition: it does not wait for reception.
        """
        BUSINESS.next(self.state, "Accept")
        self.receiver = receiver
        limit = procedure.time_limit(self.form).working_days
        self.term = Term.begin(now, limit, calendar.working(self.unit))
        self._charge([fee.code for fee in procedure.fees if fee.on_acceptance], procedure)
        self.move("Accept", now)
        self.record(
            events.DossierAccepted(
                procedure_version=self.procedure_version,
                receiver=receiver,
                accept_time=now,
                due_time=self.term.due_time,
                parcel=self.parcel(procedure),
                form=procedure.shared(self.form),
                **self._about(),
            )
        )

    def refuse(self, receiver: str, reason: str, law: LegalReference, now: datetime) -> None:
        """Refuse the dossier at reception.

        Raises:
            IllegalTransition: it does not wait for reception.
        """
        self.move("Refuse", now)
        self.receiver = receiver
        self._end(reason, law)
        self.record(events.DossierRefused(reason=reason, law=law.cite(), **self._about()))

    # ── work ───────────────────────────────────────────────────────────────────────────────────────────────────

    def assign(self, handler: str) -> None:
        """Give the dossier to an officer.

        Raises:
            IllegalTransition: it is not accepted, or has ended.
        """
        if self.state.clock not in (Clock.RUNNING, Clock.PAUSED):
            raise IllegalTransition(
                BUSINESS.reason, f"cannot assign in {self.state.name}", command="Assign", state=self.state.name
            )
        self.handler = handler
        self.record(events.DossierAssigned(handler=handler, **self._about()))

    def start_processing(self, now: datetime) -> None:
        """Start the work.

        Raises:
            IllegalTransition: it is not accepted.
        """
        self.move("StartProcessing", now)
        self.record(events.ProcessingStarted(**self._about()))

    def request_supplement(
        self,
        supplement_id: str,
        items: Sequence[SupplementItem],
        requester: str,
        procedure: Procedure,
        calendar: CityCalendar,
        now: datetime,
    ) -> None:
        """Ask the applicant, once, for everything that is missing or wrong; the clock pauses.

        Raises:
            IllegalTransition: it is not being processed.
            PreconditionFailed: a supplement was asked for before, or the City holds what is asked for.
            ValidationFailed: an item names no component.
        """
        BUSINESS.next(self.state, "RequestSupplement")
        if self.supplement is not None:
            raise PreconditionFailed(
                "SUPPLEMENT_ALREADY_REQUESTED", "a supplement may be asked for only once", code=self.code
            )
        for item in items:
            self.papers.require_not_held(item.component)
        days = procedure.supplement.working_days
        answer_by = calendar.working(self.unit).answer_by(now, days)
        self.supplement = Supplement(supplement_id, list(items), requester, now, days, answer_by)
        self.move("RequestSupplement", now)
        self.record(
            events.SupplementRequested(
                supplement=supplement_id,
                items=[item.component for item in items],
                answer_by=answer_by,
                **self._about(),
            )
        )

    def answer_supplement(
        self,
        procedure: Procedure,
        calendar: CityCalendar,
        note: str,
        form: dict[str, Any] | None,
        violations: Sequence[FieldViolation],
        now: datetime,
    ) -> None:
        """Answer the supplement; the clock runs again and the due date moves by the working days of the pause.

        Raises:
            IllegalTransition: nothing was asked for.
            PreconditionFailed: the time is over, or something that was asked for has not been provided and checked.
            ValidationFailed: the new form is wrong.
        """
        BUSINESS.next(self.state, "AnswerSupplement")
        supplement = self._open_supplement()
        if now > supplement.answer_by:
            raise PreconditionFailed(
                "SUPPLEMENT_EXPIRED", "the time to answer is over", answer_by=supplement.answer_by.isoformat()
            )
        if form is not None:
            _require_valid(violations)
            self._take_form(procedure, form)
        self.papers.require_answer(supplement, form_changed=form is not None)
        supplement.answer_time = now
        supplement.note = note
        self.move("AnswerSupplement", now)
        due_time = self._reschedule(calendar, "supplement")
        self.record(
            events.DossierSupplemented(
                supplement=supplement.id,
                items=[item.component for item in supplement.items],
                due_time=due_time,
                parcel=self.parcel(procedure),
                form=procedure.shared(self.form),
                **self._about(),
            )
        )

    def expire_supplement(self, law: LegalReference, now: datetime) -> bool:
        """Stop the dossier when the time to answer the supplement is over; tell whether it was.

        Args:
            law: law of the time limit.
            now: time now.
        """
        if self.state is not State.SUPPLEMENT_REQUESTED or now <= self._open_supplement().answer_by:
            return False
        self._open_supplement().expired = True
        asked = ", ".join(self.component(item.component).title for item in self._open_supplement().items)
        self.stop(f"Quá thời hạn bổ sung hồ sơ mà chưa nhận được: {asked}", law, now)
        return True

    def request_payment(self, codes: Sequence[str], procedure: Procedure, now: datetime) -> None:
        """Ask the applicant to pay; the clock pauses.

        Raises:
            IllegalTransition: it is not being processed.
            ValidationFailed: the procedure has no such charge.
            PreconditionFailed: nothing is due for this dossier.
        """
        BUSINESS.next(self.state, "RequestPayment")
        amount = self._charge(codes, procedure)
        if amount == 0:
            raise PreconditionFailed("NOTHING_DUE", "the charges cost nothing for this dossier", code=self.code)
        self.move("RequestPayment", now)
        self.record(events.PaymentRequested(amount_vnd=amount, **self._about()))

    def confirm_payment(self, amount_vnd: int, receipt_no: str, calendar: CityCalendar, now: datetime) -> None:
        """Record the payment of all that is due; the clock runs again.

        Raises:
            IllegalTransition: nothing was asked for.
            PreconditionFailed: the amount is not what is due.
        """
        BUSINESS.next(self.state, "ConfirmPayment")
        due = sum(charge.amount_vnd for charge in self.charges if not charge.paid)
        if amount_vnd != due:
            raise PreconditionFailed(
                "PAYMENT_AMOUNT_MISMATCH", f"{due} VND are due", due=str(due), amount=str(amount_vnd)
            )
        for charge in self.charges:
            if not charge.paid:
                charge.paid, charge.receipt_no, charge.paid_time = True, receipt_no, now
        self.finance_state = FINANCE.next(self.finance_state, "Pay")
        self.move("ConfirmPayment", now)
        due_time = self._reschedule(calendar, "payment")
        self.record(events.DossierResumed(due_time=due_time, **self._about()))

    # ── end ────────────────────────────────────────────────────────────────────────────────────────────────────

    def withdraw(self, reason: str, now: datetime) -> None:
        """Withdraw the dossier at the wish of the applicant.

        Raises:
            IllegalTransition: it was not submitted, or has ended.
        """
        self.move("Withdraw", now)
        self._end(reason, None)
        self.record(events.DossierWithdrawn(**self._about()))

    def stop(self, reason: str, law: LegalReference, now: datetime) -> None:
        """Stop the dossier with reasons and law.

        Raises:
            IllegalTransition: it is not in work.
        """
        self.move("Stop", now)
        self._end(reason, law)
        self.record(events.DossierStopped(reason=reason, law=law.cite(), **self._about()))

    def attach_result(self, upload_id: str, result: Result) -> None:
        """Attach a result whose bytes are in the store.

        Raises:
            IllegalTransition: it is not being processed.
            NotFound: there is no such upload, or it is not one of a result.
            PreconditionFailed: the file is not checked.
        """
        self._require_processing("AttachResult")
        upload = self.upload(upload_id)
        if upload.component != RESULT_COMPONENT:
            raise NotFound("UPLOAD_NOT_FOUND", "that upload is no result", upload=upload_id)
        if upload.state is not UploadState.CHECKED:
            raise PreconditionFailed("UPLOAD_NOT_CHECKED", "the result is not checked", component=upload.filename)
        self.results.append(result)

    def complete(self, now: datetime) -> None:
        """End the work: the end of measuring.

        Raises:
            IllegalTransition: it is not being processed.
            PreconditionFailed: there is no result, or a charge is not paid.
        """
        BUSINESS.next(self.state, "Complete")
        if not self.results:
            raise PreconditionFailed("RESULT_MISSING", "there is no result", code=self.code)
        if self.finance_state is FinanceState.UNPAID:
            raise PreconditionFailed("PAYMENT_DUE", "a charge is not paid", code=self.code)
        self.complete_time = now
        self.delivery_state = DELIVERY.next(self.delivery_state, "Prepare")
        self.move("Complete", now)
        self.record(
            events.DossierCompleted(
                complete_time=now,
                due_time=self._running_term().due_time,
                results=self._result_documents(),
                **self._about(),
            )
        )

    def deliver(self, now: datetime) -> None:
        """Hand the result over.

        Raises:
            IllegalTransition: it is not done, or handed over already.
        """
        self.move("DeliverResult", now)
        self.delivery_state = DELIVERY.next(self.delivery_state, "Deliver")
        self.record(events.DossierDelivered(results=self._result_documents(), **self._about()))

    # ── slips and clock ────────────────────────────────────────────────────────────────────────────────────────

    def add_slip(self, slip: Slip) -> None:
        """Put a slip into the dossier; each form is issued once."""
        if any(issued.form == slip.form for issued in self.slips):
            return
        self.slips.append(slip)
        self.record(events.SlipIssued(form_no=slip.form, document=slip.document, **self._about()))

    def recompute_due(self, calendar: CityCalendar) -> bool:
        """Compute the due date, and the time to answer, anew under a changed calendar; tell whether one moved."""
        if self.state.clock not in (Clock.RUNNING, Clock.PAUSED):
            return False
        before = (self.due_time, self.supplement.answer_by if self.supplement else None)
        if self.state is State.SUPPLEMENT_REQUESTED:
            supplement = self._open_supplement()
            supplement.answer_by = calendar.working(self.unit).answer_by(
                supplement.request_time, supplement.working_days
            )
        self._reschedule(calendar, "calendar")
        return before != (self.due_time, self.supplement.answer_by if self.supplement else None)

    def parcel(self, procedure: Procedure) -> str:
        """Return the parcel that the form names; empty when there is none."""
        return str(value_at(self.form, procedure.parcel_field) or "") if procedure.parcel_field else ""

    def place(self, moved: datetime) -> None:
        """Give the dossier its place in queues and searches.

        Args:
            moved: when it came into its state, or when the draft was made.
        """
        self.waits_for = self.state.waits_for
        self.queue_time = self.due_time or moved
        self.terms = terms_of(self.applicant_name)

    # ── inside ─────────────────────────────────────────────────────────────────────────────────────────────────

    def move(self, command: str, now: datetime) -> None:
        """Change the business state by the table; the clock, the queue and the portal's report follow.

        The commands above do it with all else that belongs to them; only what is taken over as it once was comes here.

        Raises:
            IllegalTransition: the table does not allow it.
        """
        before, after = self.state, BUSINESS.next(self.state, command)
        self.state = after
        if before.clock is Clock.PAUSED:
            self._running_term().resume(now)
        if after.clock is Clock.PAUSED:
            self._running_term().pause(after, now)
        self.sync_state = SYNC.next(self.sync_state, "Queue")
        self.place(now)

    def _reschedule(self, calendar: CityCalendar, cause: str) -> datetime:
        """Compute the due time anew; return it, and say so when it moved."""
        term = self._running_term()
        old = term.due_time
        term.recompute(calendar.working(self.unit))
        if old != term.due_time:
            self.queue_time = term.due_time
            self.record(events.DueChanged(old_due=old, new_due=term.due_time, cause=cause, **self._about()))
        return term.due_time

    def _running_term(self) -> Term:
        if self.term is None:
            message = "the state says that the clock began to run, and there is no term"
            raise ValueError(message)
        return self.term

    def _end(self, reason: str, law: LegalReference | None) -> None:
        self.end_reason, self.end_legal_reference = reason, law
        if self.finance_state is FinanceState.UNPAID:
            self.finance_state = FINANCE.next(self.finance_state, "Waive")

    def _charge(self, codes: Sequence[str], procedure: Procedure) -> int:
        """Add charges that cost something; return what they cost together."""
        total = 0
        for code in codes:
            fee = procedure.fee(code)
            amount = fee.amount(self.form, self.channel)
            if amount:
                self.charges.append(Charge(code, fee.title.vi, amount))
                total += amount
        if total and self.finance_state is not FinanceState.UNPAID:
            self.finance_state = FINANCE.next(self.finance_state, "Charge")
        return total

    def _take_form(self, procedure: Procedure, form: dict[str, Any]) -> None:
        self.form = form
        self.papers.require_by(procedure, form)

    def _require_open_for(self, component: str) -> None:
        """Let files come in only for a draft, or for what a supplement asks for."""
        self.component(component)
        if self.state is State.DRAFT:
            return
        if self.state is State.SUPPLEMENT_REQUESTED and any(
            item.component == component for item in self._open_supplement().items
        ):
            return
        raise IllegalTransition(
            BUSINESS.reason, f"no files in {self.state.name}", command="CreateUpload", state=self.state.name
        )

    def _require_processing(self, command: str) -> None:
        if self.state is not State.PROCESSING:
            raise IllegalTransition(
                BUSINESS.reason,
                f"{command} is not allowed in {self.state.name}",
                command=command,
                state=self.state.name,
            )

    def _open_supplement(self) -> Supplement:
        if self.supplement is None:
            message = "the state says that a supplement was asked for, and there is none"
            raise ValueError(message)
        return self.supplement

    def _result_documents(self) -> list[str]:
        return [result.document for result in self.results]

    def _about(self) -> dict[str, Any]:
        return {
            "dossier": f"dossiers/{self.id}",
            "code": self.code,
            "procedure": self.procedure,
            "unit": self.unit,
            "applicant": self.applicant,
        }


def _require_valid(violations: Sequence[FieldViolation]) -> None:
    if violations:
        raise ValidationFailed("FORM_INVALID", "the form does not satisfy its schema", violations)
