"""State machines as tables: which command leads from which state to which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from motcua_kit.domain.errors import IllegalTransition

StateType = TypeVar("StateType", bound=Enum)


@dataclass(frozen=True)
class Transition(Generic[StateType]):
    """One row: in any of `sources`, `command` leads to `target`."""

    command: str
    sources: frozenset[StateType]
    target: StateType


def transition(command: str, sources: Iterable[StateType], target: StateType) -> Transition[StateType]:
    """Return a row of a table."""
    return Transition(command, frozenset(sources), target)


class Machine(Generic[StateType]):
    """A table of transitions, which is all there is to know about a machine.

    Args:
        name: how the machine is called in errors.
        reason: error reason of a command that the state does not allow.
        table: the rows.

    Raises:
        ValueError: two rows answer the same command in the same state.
    """

    def __init__(self, name: str, reason: str, table: Iterable[Transition[StateType]]) -> None:
        self.name = name
        self.reason = reason
        self.table = tuple(table)
        self._targets: dict[tuple[str, StateType], StateType] = {}
        for row in self.table:
            for source in row.sources:
                if (row.command, source) in self._targets:
                    message = f"{name}: {row.command} has two rows for {source.name}"
                    raise ValueError(message)
                self._targets[row.command, source] = row.target

    def next(self, state: StateType, command: str) -> StateType:
        """Return the state that a command leads to.

        Raises:
            IllegalTransition: the state does not allow the command.
        """
        target = self.reach(state, command)
        if target is None:
            raise IllegalTransition(
                self.reason, f"{self.name}: {command} is not allowed in {state.name}", command=command, state=state.name
            )
        return target

    def reach(self, state: StateType, command: str) -> StateType | None:
        """Return the state that a command leads to, or None when the state does not allow it."""
        return self._targets.get((command, state))

    def edges(self) -> Iterator[tuple[StateType, str, StateType]]:
        """Return every (state, command, next state) of the table."""
        for (command, source), target in self._targets.items():
            yield source, command, target

    def mermaid(self) -> str:
        """Return the table as a Mermaid state diagram."""
        lines = [f"  {source.name} --> {target.name}: {command}" for source, command, target in self.edges()]
        return "\n".join(["stateDiagram-v2", *sorted(lines)])
