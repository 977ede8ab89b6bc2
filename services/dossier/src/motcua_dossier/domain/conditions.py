"""Conditions on a form, as data: what a procedure file may say instead of code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Form = Mapping[str, Any]


def value_at(form: Form, path: str) -> Any:
    """Return the value at a dotted path of a form, e.g. `works.kind`; None when there is none."""
    value: Any = form
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def with_value(form: Form, path: str, value: object) -> dict[str, Any]:
    """Return a copy of a form with a value set at a dotted path; parts that are missing are made."""
    head, _, rest = path.partition(".")
    inner = form.get(head)
    nested = with_value(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value
    return {**form, head: nested}


@dataclass(frozen=True)
class Condition:
    """Something about a form that holds or not. All parts that are given must hold.

    Attributes:
        field: dotted path into the form.
        one_of: the value is one of these.
        at_least: the value is a number not below this.
        at_most: the value is a number not above this.
    """

    field: str
    one_of: tuple[Any, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, form: Form) -> bool:
        """Tell whether the form satisfies the condition; a missing value satisfies none."""
        value = value_at(form, self.field)
        if value is None:
            return False
        if self.one_of and value not in self.one_of:
            return False
        if self.at_least is None and self.at_most is None:
            return True
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


def all_hold(conditions: tuple[Condition, ...], form: Form) -> bool:
    """Tell whether a form satisfies every condition; no condition is always satisfied."""
    return all(condition.holds(form) for condition in conditions)
