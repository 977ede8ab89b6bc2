"""Conditions on facts, as by-law data writes them.

    {existing_urban_area: true, lot_area_m2: {max: 100}, road_width_m: {min: 3.5, below: 6}, land_uses: {any_of: [ODT]}}

All parts must hold. A part over an unknown fact is unknown: neither true nor false.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from motcua_permits.domain.facts import Facts, FactValue

Clause: TypeAlias = Mapping[str, Any]
"""Fact name to wanted value, list of values, or bounds `{min, above, max, below, any_of}`."""

_BOUNDS = {
    "min": lambda value, bound: value >= bound,
    "above": lambda value, bound: value > bound,
    "max": lambda value, bound: value <= bound,
    "below": lambda value, bound: value < bound,
}


def holds(clause: Clause, facts: Facts) -> bool | None:
    """Tell whether all parts of a clause hold; None when a part is unknown and none is false.

    Raises:
        ValueError: the clause uses a word that is none of its language.
    """
    results = [_part_holds(facts.get(name), wanted) for name, wanted in clause.items()]
    if any(result is False for result in results):
        return False
    return None if None in results else True


def _part_holds(value: FactValue, wanted: Any) -> bool | None:
    if value is None:
        return None
    if not isinstance(wanted, Mapping):
        return value in wanted if isinstance(wanted, list | tuple) else value == wanted
    return all(_bound_holds(value, word, bound) for word, bound in wanted.items())


def _bound_holds(value: FactValue, word: str, bound: Any) -> bool:
    if word == "any_of":
        return any(item in bound for item in (value if isinstance(value, tuple) else (value,)))
    if word not in _BOUNDS:
        message = f"a by-law condition knows {', '.join([*_BOUNDS, 'any_of'])}, not {word}"
        raise ValueError(message)
    return bool(_BOUNDS[word](value, bound))
