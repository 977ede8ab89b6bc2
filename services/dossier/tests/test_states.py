"""The tables of the four machines, against the list of the national portal (domain facts §2.3)."""

from __future__ import annotations

from pathlib import Path

import pytest

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
from motcua_kit.domain import IllegalTransition, Machine, transition

ALLOWED_NEXT: dict[int, set[int]] = {
    1: {2, 3, 7},
    2: {4, 7},
    3: set(),
    4: {5, 6, 7, 8, 9},
    5: {4, 7, 8},
    6: {4, 7, 8},
    7: set(),
    8: set(),
    9: {10},
    10: set(),
}
CLOCK = {
    1: Clock.NOT_RUNNING,
    2: Clock.RUNNING,
    3: Clock.ENDED,
    4: Clock.RUNNING,
    5: Clock.PAUSED,
    6: Clock.PAUSED,
    7: Clock.ENDED,
    8: Clock.ENDED,
    9: Clock.ENDED,
    10: Clock.ENDED,
}


@pytest.mark.parametrize("code", range(1, 11))
def test_allowed_next_is_the_table_of_the_portal(code: int) -> None:
    targets = {target.value for source, _, target in BUSINESS.edges() if source is State(code)}
    assert targets == ALLOWED_NEXT[code]
    assert State(code).clock is CLOCK[code]


def test_a_draft_can_only_be_submitted() -> None:
    assert [(command, target) for source, command, target in BUSINESS.edges() if source is State.DRAFT] == [
        ("Submit", State.SUBMITTED)
    ]


def test_every_state_that_is_no_end_waits_for_somebody() -> None:
    sources = {source for source, _, _ in BUSINESS.edges()}
    for state in State:
        assert bool(state.waits_for) == (state in sources and state is not State.DRAFT), state


@pytest.mark.parametrize(
    ("machine", "start", "states"),
    [
        (FINANCE, FinanceState.NOT_DUE, FinanceState),
        (DELIVERY, DeliveryState.NOT_READY, DeliveryState),
        (SYNC, SyncState.NONE, SyncState),
        (BUSINESS, State.DRAFT, State),
    ],
    ids=["finance", "delivery", "sync", "business"],
)
def test_every_state_can_be_reached(machine: Machine[State], start: State, states: type[State]) -> None:
    reached = {start}
    while more := {target for source, _, target in machine.edges() if source in reached} - reached:
        reached |= more
    assert reached == set(states)


def test_a_refused_command_names_itself_and_the_state() -> None:
    with pytest.raises(IllegalTransition) as caught:
        BUSINESS.next(State.REFUSED, "Accept")
    assert caught.value.reason == "TRANSITION_NOT_ALLOWED"
    assert caught.value.metadata == {"command": "Accept", "state": "REFUSED"}


def test_an_ambiguous_table_is_refused() -> None:
    rows = [transition("Go", [State.DRAFT], State.SUBMITTED), transition("Go", [State.DRAFT], State.ACCEPTED)]
    with pytest.raises(ValueError, match="two rows"):
        Machine("test", "REASON", rows)


def test_the_readme_shows_the_table() -> None:
    readme = Path(__file__).resolve().parents[1] / "README.md"
    diagram = readme.read_text(encoding="utf-8").partition("```mermaid\n")[2].partition("```")[0]
    shown = [line.strip() for line in diagram.splitlines()]
    assert sorted(shown) == sorted([*(line.strip() for line in BUSINESS.mermaid().splitlines()), "[*] --> DRAFT"])
