"""Results as text and as JSON, and the comparison of two of them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from motcua_devstack.bench.rows import Better, Row
from motcua_devstack.errors import DevError

MARKS = {True: "met", False: "MISSED", None: ""}
DIGITS = 3


@dataclass(frozen=True)
class Move:
    """How a row has changed since an earlier run.

    Attributes:
        change: ratio now to ratio then; of rows without a limit value now to value then.
        spread: of both together; None when one of them is not known.
    """

    name: str
    change: float
    spread: float | None
    better: Better

    @property
    def verdict(self) -> str:
        """`better`, `WORSE`, or nothing when the change lies within the spread, or may."""
        if self.spread is None or abs(self.change - 1) <= self.spread:
            return ""
        return "better" if (self.change > 1) is (self.better is Better.HIGHER) else "WORSE"


def text(rows: Sequence[Row]) -> str:
    """The table that people read."""
    lines = [
        ("row", "suite", "limit", "unit", "ratio", "±", "rounds", "target", "", "suite's details", "limit's details")
    ]
    lines += [
        (
            row.name,
            figure(row.value),
            figure(row.limit),
            row.unit,
            figure(row.ratio),
            _percent(row.spread),
            f"{row.rounds} of {row.wanted}" if row.rounds < row.wanted else str(row.rounds),
            _target(row),
            MARKS[row.met],
            _details(row.details),
            _details(row.limit_details),
        )
        for row in rows
    ]
    return _aligned(lines)


def comparison(moves: Sequence[Move]) -> str:
    """The changes since an earlier run as a table."""
    lines = [("row", "now / then", "±", "")]
    lines += [(move.name, f"{move.change:.2f}", _percent(move.spread), move.verdict) for move in moves]
    return _aligned(lines)


def figure(value: float | None) -> str:
    """A number with as many digits as mean something; empty for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 10**DIGITS else f"{value:.{DIGITS}g}"


def document(rows: Sequence[Row], commit: str) -> dict[str, Any]:
    """The results as JSON carries them."""
    return {
        "machine": machine(),
        "commit": commit,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": [{**asdict(row), "met": row.met} for row in rows],
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def write(results: Mapping[str, Any], file: Path) -> None:
    """Write results as a whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    fresh.replace(file)


def read(file: Path) -> list[Row]:
    """Read the rows that `write` wrote.

    Raises:
        DevError: the file is none of ours.
    """
    try:
        rows = json.loads(file.read_text())["rows"]
        for row in rows:
            del row["met"]
        return [Row(**{**row, "better": Better(row["better"])}) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DevError(f"{file} holds no results of ./dev bench: {error}") from error


def compare(now: Sequence[Row], then: Sequence[Row]) -> list[Move]:
    """Ratios of ratios, of the rows that both runs have."""
    earlier = {row.name: row for row in then}
    return [
        Move(row.name, _judged(row) / _judged(before), _together(row.spread, before.spread), row.better)
        for row in now
        if (before := earlier.get(row.name)) and _judged(before) and (row.ratio is None) is (before.ratio is None)
    ]


def _together(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{share:.0%}"


def _judged(row: Row) -> float:
    return row.value if row.ratio is None else row.ratio


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    ratio = f"{'≥' if row.better is Better.HIGHER else '≤'} {row.target:g}"
    return f"{ratio} or {row.enough:g} {row.unit}" if row.enough is not None else ratio


def _details(details: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {figure(value)}" for name, value in details.items())


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
