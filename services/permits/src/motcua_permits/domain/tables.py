"""Tables of by-laws: steps by bands, or straight lines between points."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, cast


class Interpolation(StrEnum):
    """How a table is read between its points.

    `linear`: straight line between two points, constant before the first and after the last.
    `step`: a band runs from its break, included, to the next, excluded; the first band lies below the first break.
    """

    LINEAR = "linear"
    STEP = "step"


@dataclass(frozen=True)
class Table:
    """Limits over one or two facts.

    Attributes:
        points: for each input its points (linear) or breaks between bands (step), rising.
        values: limits; one list for one input, a list of lists (first input outside) for two. None: no limit known.
    """

    points: tuple[tuple[float, ...], ...]
    values: tuple[Any, ...]

    def problems(self, interpolation: Interpolation) -> list[str]:
        """Say what is wrong with the table; nothing when it is sound."""
        found = [
            f"points do not rise: {list(axis)}"
            for axis in self.points
            if any(low >= high for low, high in pairwise(axis))
        ]
        if interpolation is Interpolation.LINEAR:
            if len(self.points) != 1:
                found.append("linear interpolation is over one input")
            elif len(self.values) != len(self.points[0]):
                found.append("a linear table has a value for each point")
            elif None in self.values:
                found.append("a linear table has no gaps")
            return found
        rows: Sequence[Any] = [self.values]
        for axis in self.points:
            if any(not isinstance(row, list | tuple) or len(row) != len(axis) + 1 for row in rows):
                found.append("a step table has one value more than it has breaks")
                break
            rows = [inner for row in rows for inner in row]
        return found

    def at(self, inputs: Sequence[float], interpolation: Interpolation) -> float | None:
        """Return the limit for inputs; None where the table gives none."""
        if interpolation is Interpolation.LINEAR:
            return _on_line(self.points[0], cast("Sequence[float]", self.values), inputs[0])
        cell: Any = self.values
        for axis, value in zip(self.points, inputs, strict=True):
            cell = cell[bisect_right(axis, value)]
        return None if cell is None else float(cell)


def _on_line(points: Sequence[float], values: Sequence[float], x: float) -> float:
    if x <= points[0]:
        return float(values[0])
    if x >= points[-1]:
        return float(values[-1])
    right = bisect_right(points, x)
    left = right - 1
    share = (x - points[left]) / (points[right] - points[left])
    return values[left] + share * (values[right] - values[left])
