"""The application for a building permit: what it holds, and what each step does to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from motcua_kit.domain import (
    Aggregate,
    AlreadyExists,
    FieldViolation,
    Forbidden,
    PreconditionFailed,
    ValidationFailed,
)
from motcua_permits.domain.bylaws import Finding, FindingOutcome
from motcua_permits.domain.events import (
    ApplicationApproved,
    ApplicationOpened,
    ApplicationRefused,
    ConsultationNeeded,
    SupplementNeeded,
)
from motcua_permits.domain.facts import HouseProposal, SiteFacts
from motcua_permits.domain.review import (
    Condition,
    ConditionOutcome,
    ConditionReview,
    Consultation,
    ConsultationOutcome,
    Decision,
    DecisionOutcome,
    RefusalReason,
    Supplement,
    SupplementItem,
)
from motcua_permits.domain.states import AWAITED, STEPS, ApplicationState, AwaitedRole
from motcua_permits.domain.values import LegalReference, PermitKind


@dataclass(kw_only=True)
class PermitApplication(Aggregate):
    """An application for a building permit (hồ sơ đề nghị cấp giấy phép xây dựng) inside a dossier.

    Attributes:
        dossier: the dossier that carries it.
        dossier_code: code of the dossier.
        procedure: procedure of the dossier.
        procedure_version: version that the dossier pins.
        kind: kind of permit.
        unit: competent unit.
        applicant: account of the applicant.
        receiver: officer who received the dossier.
        parcel: parcel of the house.
        due_time: when the dossier is due.
        rules_date: reception date, whose rules apply.
        rule_set: digest of the rules pinned.
        proposal: the proposed house.
        checklist: conditions to review.
        state: where it stands.
        awaited_role: whose move it waits for; derived from the state, stored for the queues' index.
        handler: first handler who acted on it.
        site: facts of the site at the last check.
        building_class: class of works at the last check.
        findings: results of the last check.
        checks_time: when it was.
        consultations: opinions asked.
        supplement: the one supplement.
        decision: proposal and decision.
        permit: permit that was numbered for it.
        problem: why the dossier service refused the last supplement or consultation.
    """

    dossier: str
    dossier_code: str
    procedure: str
    procedure_version: str
    kind: PermitKind
    unit: str
    applicant: str
    receiver: str
    parcel: str
    due_time: datetime
    rules_date: date
    rule_set: str
    proposal: HouseProposal
    checklist: tuple[Condition, ...]
    state: ApplicationState = ApplicationState.OPENED
    awaited_role: AwaitedRole = AwaitedRole.SYSTEM
    handler: str = ""
    site: SiteFacts | None = None
    building_class: str = ""
    findings: tuple[Finding, ...] = ()
    checks_time: datetime | None = None
    consultations: tuple[Consultation, ...] = ()
    supplement: Supplement | None = None
    decision: Decision | None = None
    permit: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """Resource name."""
        return f"permitApplications/{self.id}"

    def open(self) -> None:
        """Tell that the application was opened."""
        self.record(ApplicationOpened(self.name, self.dossier, self.unit))

    # ---- appraisal ---------------------------------------------------------------------------------------------------

    def take_checks(self, findings: Iterable[Finding], site: SiteFacts, building_class: str, *, now: datetime) -> None:
        """Keep the results of the by-law checks; the first ones put the application before a handler.

        Raises:
            IllegalTransition: it is no longer under appraisal.
        """
        self._require("RunChecks")
        self.findings = tuple(findings)
        self.site = site
        self.building_class = building_class
        self.checks_time = now
        self._move("RunChecks")

    def review(self, reviews: Sequence[ConditionReview], *, officer: str, now: datetime) -> None:
        """Record a handler's review of conditions (NĐ 217/2026 Điều 50–52).

        Raises:
            ValidationFailed: a condition is unknown.
            IllegalTransition: the application is not under review.
        """
        self._require("ReviewChecklist")
        conditions = {condition.code: condition for condition in self.checklist}
        for position, review in enumerate(reviews):
            if review.code not in conditions:
                raise _invalid("CONDITION_UNKNOWN", f"reviews[{position}].code", "no such condition", code=review.code)
            conditions[review.code] = replace(
                conditions[review.code],
                outcome=review.outcome,
                note=review.note.strip(),
                reviewer=officer,
                review_time=now,
            )
        self.checklist = tuple(conditions.values())
        self._handled_by(officer)

    def request_consultation(
        self, consultation_id: str, *, agency_unit: str, subject: str, question: str, officer: str
    ) -> None:
        """Ask another agency for its opinion.

        Raises:
            AlreadyExists: the agency has an unanswered question on the same subject.
            IllegalTransition: the application is not under review.
        """
        self._require("RequestConsultation")
        if any(
            asked.pending and (asked.agency_unit, asked.subject) == (agency_unit, subject)
            for asked in self.consultations
        ):
            raise AlreadyExists(
                "CONSULTATION_EXISTS", "the agency has not answered the earlier question yet", agency=agency_unit
            )
        self.problem = ""
        self.consultations += (Consultation(consultation_id, agency_unit, subject, question),)
        self._handled_by(officer)
        self.record(ConsultationNeeded(self.name, self.dossier, self.unit, consultation_id, agency_unit))

    def take_consultation(self, consultation_id: str, *, consultation: str, deadline: datetime | None) -> None:
        """Link a consultation to the resource that the dossier service made of it."""
        self._change_consultation(consultation_id, consultation=consultation, deadline=deadline)

    def close_consultation(
        self, consultation: str, outcome: ConsultationOutcome, *, opinion: str, now: datetime
    ) -> None:
        """Take the end of a consultation, whatever the state: an answer is kept even when it comes late."""
        for asked in self.consultations:
            if asked.consultation == consultation and asked.pending:
                self._change_consultation(asked.consultation_id, outcome=outcome, opinion=opinion, close_time=now)

    def drop_consultation(self, consultation_id: str, problem: str) -> None:
        """Forget a consultation that the dossier service refused to ask."""
        self.consultations = tuple(asked for asked in self.consultations if asked.consultation_id != consultation_id)
        self.problem = problem

    def request_supplement(self, items: Sequence[SupplementItem], *, officer: str, now: datetime) -> None:
        """Ask the applicant, once, to complete the dossier (NĐ 217/2026 Điều 54).

        Raises:
            PreconditionFailed: the one supplement has been used.
            IllegalTransition: the application is not under review.
        """
        self._require("RequestSupplement")
        if self.supplement is not None:
            raise PreconditionFailed("SUPPLEMENT_USED", "the law allows one supplement only", application=self.name)
        self.supplement = Supplement(tuple(items), officer, now)
        self.problem = ""
        self._handled_by(officer)
        self._move("RequestSupplement")
        self.record(SupplementNeeded(self.name, self.dossier, self.unit))

    def drop_supplement(self, problem: str) -> None:
        """Take back a supplement that the dossier service refused to ask for: the applicant never heard of it."""
        if STEPS.reach(self.state, "DropSupplement"):
            self.supplement = None
            self.problem = problem
            self._move("DropSupplement")

    def take_supplement(self, proposal: HouseProposal, *, parcel: str, due_time: datetime, now: datetime) -> bool:
        """Take the applicant's answer: a new proposal to check; conditions not met are open again.

        The one-stop may have asked for it by itself, so the application may be under review. What is proposed or
        decided stays as it is: False is returned.
        """
        if STEPS.reach(self.state, "TakeSupplement") is None:
            return False
        self.proposal = proposal
        self.parcel = parcel
        self.due_time = due_time
        if self.supplement is not None:
            self.supplement = replace(self.supplement, answer_time=now)
        self.checklist = tuple(
            replace(condition, outcome=ConditionOutcome.UNSPECIFIED)
            if condition.outcome is ConditionOutcome.NOT_MET
            else condition
            for condition in self.checklist
        )
        self._move("TakeSupplement")
        return True

    def take_due_time(self, due_time: datetime) -> None:
        """Take a new due time of the dossier."""
        self.due_time = due_time

    # ---- decision ----------------------------------------------------------------------------------------------------

    def propose(
        self,
        outcome: DecisionOutcome,
        *,
        note: str,
        reasons: Sequence[RefusalReason],
        officer: str,
        now: datetime,
    ) -> None:
        """Propose a decision to the leader.

        Raises:
            PreconditionFailed: something stands against a grant, or is still open.
            ValidationFailed: a refusal without a lawful reason, or a warning that the note does not explain.
            IllegalTransition: the application is not under review.
        """
        self._require("ProposeDecision")
        if self.checks_time is None:
            raise PreconditionFailed("CHECKS_NOT_RUN", "the by-law checks have not been run", application=self.name)
        if outcome is DecisionOutcome.GRANT:
            self._require_grantable(note)
            reasons = ()
        else:
            reasons = self._complete(reasons)
        returned = self.decision.return_reason if self.decision else ""
        self.decision = Decision(outcome, officer, now, note.strip(), tuple(reasons), return_reason=returned)
        self._handled_by(officer)
        self._move("ProposeDecision")

    def return_proposal(self, reason: str, *, officer: str) -> None:
        """Send a proposal back to the handler.

        Raises:
            IllegalTransition: nothing is proposed.
        """
        decision = self._proposed("ReturnProposal")
        self._require_independent(officer)
        self.decision = replace(decision, return_reason=reason)
        self._move("ReturnProposal")

    def approve(self, *, officer: str, now: datetime) -> None:
        """Grant the permit as proposed.

        Raises:
            Forbidden: the leader received, handled or proposed it.
            PreconditionFailed: a refusal is proposed.
            IllegalTransition: nothing is proposed.
        """
        self._decide("ApproveApplication", DecisionOutcome.GRANT, officer, now)
        self._move("ApproveApplication")
        self.record(ApplicationApproved(self.name, self.dossier, self.unit, officer))

    def refuse(self, *, officer: str, now: datetime) -> None:
        """Refuse the permit as proposed.

        Raises:
            Forbidden: the leader received, handled or proposed it.
            PreconditionFailed: a grant is proposed.
            IllegalTransition: nothing is proposed.
        """
        self._decide("RefuseApplication", DecisionOutcome.REFUSE, officer, now)
        self._move("RefuseApplication")
        self.record(ApplicationRefused(self.name, self.dossier, self.unit, officer))

    def take_permit(self, permit: str) -> None:
        """Keep the permit that was numbered for this application.

        Raises:
            IllegalTransition: the permit is not granted.
        """
        self._require("Number")
        self.permit = permit

    def finish(self) -> None:
        """Note that the permit is signed; a repeat changes nothing.

        Raises:
            IllegalTransition: no permit was numbered.
        """
        self._move("Issue")

    def close(self) -> None:
        """End the application because its dossier ended; what is decided and numbered stays."""
        if not self.permit and STEPS.reach(self.state, "Close"):
            self._move("Close")

    def queue(self) -> None:
        """Give the application its place in the queues."""
        self.awaited_role = AWAITED[self.state]

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _require(self, step: str) -> None:
        STEPS.next(self.state, step)

    def _move(self, step: str) -> None:
        self.state = STEPS.next(self.state, step)
        self.queue()

    def _handled_by(self, officer: str) -> None:
        self.handler = self.handler or officer

    def _change_consultation(self, consultation_id: str, **changes: object) -> None:
        self.consultations = tuple(
            replace(asked, **changes) if asked.consultation_id == consultation_id else asked  # type: ignore[arg-type]
            for asked in self.consultations
        )

    def _require_grantable(self, note: str) -> None:
        blocking = [finding for finding in self.findings if finding.outcome is FindingOutcome.BLOCK]
        if blocking:
            raise PreconditionFailed(
                "RULE_BLOCKS",
                "a rule forbids the permit",
                rules="; ".join(f"{finding.title.vi} ({finding.law})" for finding in blocking),
            )
        not_met = [condition for condition in self.checklist if condition.outcome is ConditionOutcome.NOT_MET]
        if not_met:
            raise PreconditionFailed(
                "CONDITION_NOT_MET",
                "a condition is not met",
                conditions="; ".join(f"{condition.text.vi} ({condition.law})" for condition in not_met),
            )
        still_open = [item.code for item in self.checklist if item.outcome is ConditionOutcome.UNSPECIFIED]
        if still_open:
            raise PreconditionFailed(
                "CHECKLIST_INCOMPLETE", "conditions have not been reviewed", conditions=", ".join(still_open)
            )
        pending = [asked.agency_unit for asked in self.consultations if asked.pending]
        if pending:
            raise PreconditionFailed(
                "CONSULTATION_PENDING", "an agency has not answered yet", agencies=", ".join(pending)
            )
        to_explain = [finding.title.vi for finding in self.findings if finding.outcome is FindingOutcome.WARN]
        to_explain += [asked.subject for asked in self.consultations if asked.outcome.needs_weighing]
        if to_explain and not note.strip():
            raise _invalid(
                "WARNING_NOT_EXPLAINED", "note", "say why the warnings are acceptable", warnings="; ".join(to_explain)
            )

    def _complete(self, reasons: Sequence[RefusalReason]) -> tuple[RefusalReason, ...]:
        """Give each reason the law and text of the finding or condition it rests on."""
        if not reasons:
            raise _invalid("REFUSAL_UNREASONED", "reasons", "a refusal needs at least one reason", rule="")
        known: dict[str, tuple[LegalReference, str]] = {
            condition.code: (condition.law, f"{condition.text.vi}: {condition.note}".removesuffix(": "))
            for condition in self.checklist
        }
        known |= {finding.rule_id: (finding.law, finding.message.vi) for finding in self.findings}
        complete = []
        for position, reason in enumerate(reasons):
            law, text = known.get(reason.rule, (None, ""))
            law, text = reason.law or law, reason.text.strip() or text
            if law is None or not law.source or not law.article or not text:
                raise _invalid(
                    "REFUSAL_UNREASONED",
                    f"reasons[{position}]",
                    "name a finding or condition, or give law and text",
                    rule=reason.rule,
                )
            complete.append(RefusalReason(reason.rule, law, text))
        return tuple(complete)

    def _proposed(self, step: str) -> Decision:
        self._require(step)
        if self.decision is None:  # the state says otherwise: stored data is broken
            message = f"{self.name} is proposed without a proposal"
            raise AssertionError(message)
        return self.decision

    def _require_independent(self, officer: str) -> None:
        if officer in {self.receiver, self.handler, self.decision.proposer if self.decision else ""}:
            raise Forbidden(
                "SEPARATION_OF_DUTIES", "who received or handled an application does not decide on it", officer=officer
            )

    def _decide(self, step: str, outcome: DecisionOutcome, officer: str, now: datetime) -> None:
        decision = self._proposed(step)
        self._require_independent(officer)
        if decision.outcome is not outcome:
            raise PreconditionFailed(
                "DECISION_NOT_PROPOSED",
                "the handler proposed otherwise; return the proposal",
                proposed=decision.outcome,
            )
        self.decision = replace(decision, approver=officer, decide_time=now)


def _invalid(reason: str, path: str, message: str, **metadata: str) -> ValidationFailed:
    return ValidationFailed(reason, message, [FieldViolation(path, reason, message)], **metadata)
