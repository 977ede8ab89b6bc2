"""All checks, as data."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from motcua_devstack.chaos.audit import commands, consumed, histories, messages, numbers, objects
from motcua_devstack.chaos.audit.findings import Report, Sheet
from motcua_devstack.chaos.audit.stores import Audited


@dataclass(frozen=True)
class Check:
    """One question about a quiet suite.

    Attributes:
        name: short and unique.
        question: what is asked.
        ask: notes down what it finds.
    """

    name: str
    question: str
    ask: Callable[[Audited, Sheet], None]


CHECKS = (
    Check("commands", "Is every acknowledged command in one history, once?", commands.check),
    Check("requests", "Did no aggregate take a request twice?", histories.check_requests),
    Check("states", "Does each history lead to the stored state and place in the queue?", histories.check_lives),
    Check("events", "Was every event consumed by each subscriber, once?", consumed.check),
    Check("messages", "Did every message reach its provider, once?", messages.check),
    Check("numbers", "Has no counter a gap or a duplicate?", numbers.check),
    Check("objects", "Are all named bytes there as they were recorded, and no others?", objects.check),
)


def audit(audited: Audited, only: Collection[str] = ()) -> Report:
    """Ask the checks, all of them or those that are named. The suite must be at rest."""
    sheets = []
    for check in CHECKS:
        if not only or check.name in only:
            sheet = Sheet(check.name)
            check.ask(audited, sheet)
            sheets.append(sheet)
    return Report(sheets)
