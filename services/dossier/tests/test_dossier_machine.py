"""The dossier driven at random against the table of the national portal, which is written out in test_states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from motcua_dossier.domain.calendar import CityCalendar, city_date, closing_time
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.parts import HeldPaper, Inspection, NewUpload, Result, SupplementItem
from motcua_dossier.domain.procedure import Procedure
from motcua_dossier.domain.states import BUSINESS, STOPPABLE, Clock, DeliveryState, FinanceState, State, SyncState
from motcua_kit.data import load
from motcua_kit.domain import DomainError, IllegalTransition

CITY = Path(__file__).resolve().parents[3] / "city"
PROCEDURE = next(p for p in load(CITY / "procedures", Procedure) if p.code == "2.000815")
LAW = LegalReference("NĐ 118/2025/NĐ-CP", "Điều 17")
FORM = {"copy": {"paper": "Bằng tốt nghiệp", "pages": 3, "copies": 1, "many_papers": True}}

NEXT = {
    "Submit": ({11}, 1),
    "Accept": ({1}, 2),
    "Refuse": ({1}, 3),
    "StartProcessing": ({2}, 4),
    "RequestSupplement": ({4}, 5),
    "AnswerSupplement": ({5}, 4),
    "RequestPayment": ({4}, 6),
    "ConfirmPayment": ({6}, 4),
    "Withdraw": ({1, 2, 4, 5, 6}, 7),
    "Stop": ({4, 5, 6}, 8),
    "Complete": ({4}, 9),
    "DeliverResult": ({9}, 10),
}


class DossierMachine(RuleBasedStateMachine):
    """Fires every command in every state the rules lead to; each must do what the table says or change nothing."""

    walked: ClassVar[set[tuple[State, str, State]]] = set()

    @initialize()
    def start(self) -> None:
        self.now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
        self.calendar = CityCalendar(id="hcmc")
        self.begin()

    def begin(self) -> None:
        """Start with a fresh draft whose component is provided."""
        self.files = 0
        self.dossier = Dossier(
            id="d" * 32,
            procedure=PROCEDURE.name,
            procedure_title=PROCEDURE.title.vi,
            unit="units/26740",
            unit_title="Phường Sài Gòn",
            agency_code="H29.26740",
            applicant="accounts/" + "a" * 32,
            applicant_name="NGUYỄN THỊ AN",
            queue_time=self.now,
            form=FORM,
        )
        self.dossier.draft(PROCEDURE, [])
        self.provide()

    def provide(self) -> None:
        self.files += 1
        upload_id = f"{self.files:032x}"
        self.dossier.prepare_upload(
            PROCEDURE, NewUpload(upload_id, "original", "a.pdf", "application/pdf", 10, "0" * 64), self.now
        )
        self.dossier.finalize_upload(upload_id)
        self.dossier.settle_upload(upload_id, Inspection(None), self.now)

    def fire(self, command: str, *, possible: bool = True) -> None:
        """Run a command and compare with the table; `possible` is whether what must hold besides the state holds."""
        dossier = self.dossier
        before = dossier.state
        sources, target = NEXT[command]
        dossier.take_events()
        refusal = self.refusal_of(command)
        if before.value in sources and possible:
            assert refusal is None, f"{command} in {before.name}: {refusal}"
            assert dossier.state.value == target
            assert dossier.take_events()
            self.walked.add((before, command, dossier.state))
        else:
            assert refusal is not None, f"{command} must be refused in {before.name}"
            assert before.value in sources or isinstance(refusal, IllegalTransition)
            assert dossier.state is before
            assert dossier.take_events() == []

    def refusal_of(self, command: str) -> DomainError | None:
        """Run a command; return what it was refused with."""
        dossier, calendar, now = self.dossier, self.calendar, self.now
        items = [SupplementItem("original", "bản chính mờ", LAW)]
        due = sum(charge.amount_vnd for charge in dossier.charges if not charge.paid)
        commands: dict[str, Callable[[], None]] = {
            "Submit": lambda: dossier.submit(PROCEDURE, "H29.26740-261123-0001", [], now),
            "Accept": lambda: dossier.accept(PROCEDURE, calendar, "officers/1", now),
            "Refuse": lambda: dossier.refuse("officers/1", "sai thẩm quyền", LAW, now),
            "StartProcessing": lambda: dossier.start_processing(now),
            "RequestSupplement": lambda: dossier.request_supplement(
                "s1", items, "officers/2", PROCEDURE, calendar, now
            ),
            "AnswerSupplement": lambda: dossier.answer_supplement(PROCEDURE, calendar, "", None, [], now),
            "RequestPayment": lambda: dossier.request_payment(["certification"], PROCEDURE, now),
            "ConfirmPayment": lambda: dossier.confirm_payment(due, "BL 01", calendar, now),
            "Withdraw": lambda: dossier.withdraw("đổi ý", now),
            "Stop": lambda: dossier.stop("không đủ điều kiện", LAW, now),
            "Complete": lambda: dossier.complete(now),
            "DeliverResult": lambda: dossier.deliver(now),
        }
        try:
            commands[command]()
        except DomainError as refusal:
            return refusal
        return None

    def possible(self, command: str) -> bool:
        """Tell whether what a command needs besides the state is there."""
        dossier = self.dossier
        supplement = dossier.supplement
        match command:
            case "RequestSupplement":
                return supplement is None
            case "AnswerSupplement":
                return (
                    supplement is not None
                    and self.now <= supplement.answer_by
                    and any(upload.supplement == supplement.id for upload in dossier.uploads)
                )
            case "Complete":
                return bool(dossier.results) and dossier.finance_state is not FinanceState.UNPAID
            case _:
                return True

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(command=st.sampled_from(sorted(NEXT)))
    def any_command(self, command: str) -> None:
        self.fire(command, possible=self.possible(command))

    @rule(data=st.data())
    def one_step_further(self, data: st.DataObject) -> None:
        """Run a command that the table allows and that ends nothing before its time."""
        forward = [
            command
            for command, (sources, _) in sorted(NEXT.items())
            if self.dossier.state.value in sources and command not in {"Withdraw", "Stop", "Refuse"}
        ]
        if forward:
            command = data.draw(st.sampled_from(forward))
            self.fire(command, possible=self.possible(command))

    @precondition(lambda self: self.dossier.state in STOPPABLE)
    @rule(command=st.sampled_from(["Stop", "Withdraw"]))
    def end_during_the_work(self, command: str) -> None:
        self.fire(command)

    @precondition(lambda self: self.dossier.state is State.SUPPLEMENT_REQUESTED and self.files < 5)
    @rule()
    def send_what_was_asked_for(self) -> None:
        self.provide()

    @precondition(lambda self: self.dossier.state is State.PROCESSING and not self.dossier.results)
    @rule()
    def attach_result(self) -> None:
        upload_id = "e" * 32
        self.dossier.prepare_result(NewUpload(upload_id, "result", "r.pdf", "application/pdf", 10, "0" * 64), self.now)
        self.dossier.settle_upload(upload_id, Inspection(None), self.now)
        self.dossier.attach_result(upload_id, Result("certified_copy", "Bản sao", "1", "documents/" + "f" * 32))

    @precondition(lambda self: self.dossier.state is State.COMPLETED)
    @rule()
    def hand_over(self) -> None:
        self.fire("DeliverResult")

    @precondition(lambda self: self.dossier.state.clock is Clock.ENDED and self.dossier.state is not State.COMPLETED)
    @rule()
    def the_next_dossier(self) -> None:
        self.begin()

    @rule()
    def expire(self) -> None:
        supplement = self.dossier.supplement
        late = (
            self.dossier.state is State.SUPPLEMENT_REQUESTED
            and supplement is not None
            and self.now > supplement.answer_by
        )
        assert self.dossier.expire_supplement(LAW, self.now) is late
        assert not late or self.dossier.state is State.STOPPED
        self.dossier.take_events()

    @rule()
    def city_papers_change_nothing_after_submission(self) -> None:
        if self.dossier.state is not State.DRAFT:
            before = [component.state for component in self.dossier.components]
            try:
                self.dossier.reuse(PROCEDURE, HeldPaper("original", "certificates/a1"))
            except DomainError:
                assert [component.state for component in self.dossier.components] == before

    @invariant()
    def the_clock_follows_the_state(self) -> None:
        if not hasattr(self, "dossier"):
            return
        dossier = self.dossier
        open_pauses = [pause for pause in dossier.pauses if pause.end_time is None]
        assert len(open_pauses) == (1 if dossier.state.clock is Clock.PAUSED else 0)
        assert all(pause is dossier.pauses[-1] for pause in open_pauses)
        if dossier.state.clock in (Clock.RUNNING, Clock.PAUSED):
            assert dossier.accept_time is not None
            working = self.calendar.working(dossier.unit)
            paused = sum(
                working.working_days_between(city_date(pause.start_time), city_date(pause.end_time))
                for pause in dossier.pauses
                if pause.end_time is not None
            )
            due = working.add_working(working.receipt_date(dossier.accept_time), dossier.working_days + paused)
            assert dossier.due_time == closing_time(due)
            assert dossier.queue_time == dossier.due_time

    @invariant()
    def the_four_machines_agree(self) -> None:
        if not hasattr(self, "dossier"):
            return
        dossier = self.dossier
        assert dossier.waits_for == dossier.state.waits_for
        assert (dossier.sync_state is SyncState.NONE) == (dossier.state is State.DRAFT)
        assert (dossier.delivery_state is DeliveryState.NOT_READY) == (
            dossier.state not in (State.COMPLETED, State.RETURNED)
        )
        unpaid = any(not charge.paid for charge in dossier.charges)
        ended = dossier.state.clock is Clock.ENDED
        assert (dossier.finance_state is FinanceState.UNPAID) == (unpaid and not ended)
        assert (dossier.code == "") == (dossier.state is State.DRAFT)


def test_the_model_is_the_whole_table() -> None:
    expected = {
        (State(code), command, State(target)) for command, (sources, target) in NEXT.items() for code in sources
    }
    assert set(BUSINESS.edges()) == expected


def test_a_random_walk_follows_the_table_over_every_edge() -> None:
    """The walk is the same at every run, so that the edges it covers are."""
    DossierMachine.walked.clear()
    run_state_machine_as_test(
        DossierMachine,
        settings=settings(max_examples=300, stateful_step_count=60, deadline=None, derandomize=True),
    )
    assert DossierMachine.walked == set(BUSINESS.edges())
