"""What a check has looked at, what it found wrong, and what it found worth telling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """One statement about one thing.

    Attributes:
        resource: resource name, or the name of what is closest to one.
        text: what was seen.
    """

    resource: str
    text: str


@dataclass
class Sheet:
    """What one check notes down.

    Attributes:
        check: name of the check.
        looked_at: how many things it has looked at: a check of nothing finds nothing.
        wrong: what must not be.
        apart: what may be, and is told all the same, by kind.
        skipped: why it could not look; empty when it could.
    """

    check: str
    looked_at: int = 0
    wrong: list[Finding] = field(default_factory=list)
    apart: dict[str, list[Finding]] = field(default_factory=dict)
    skipped: str = ""

    def saw(self, count: int = 1) -> None:
        """Count what was looked at."""
        self.looked_at += count

    def blame(self, resource: str, text: str) -> None:
        """Note what must not be."""
        self.wrong.append(Finding(resource, text))

    def tell(self, kind: str, resource: str, text: str = "") -> None:
        """Note what may be and is counted apart."""
        self.apart.setdefault(kind, []).append(Finding(resource, text))


@dataclass(frozen=True)
class Report:
    """All checks of one audit."""

    sheets: Sequence[Sheet]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not any(sheet.wrong for sheet in self.sheets)

    @property
    def wrong(self) -> list[str]:
        """Everything that is wrong, a line each."""
        return [f"{sheet.check}: {one.resource}: {one.text}" for sheet in self.sheets for one in sheet.wrong]

    @property
    def figures(self) -> dict[str, Any]:
        """The audit as JSON, by check; long lists are cut, their lengths are not."""
        return {
            sheet.check: {
                "looked_at": sheet.looked_at,
                "skipped": sheet.skipped,
                "wrong": len(sheet.wrong),
                "findings": [asdict(one) for one in sheet.wrong[:SHOWN]],
                "apart": {kind: len(found) for kind, found in sheet.apart.items()},
            }
            for sheet in self.sheets
        }

    @property
    def lines(self) -> list[str]:
        """The audit for people."""
        return [line for sheet in self.sheets for line in _lines(sheet)]


def _lines(sheet: Sheet) -> list[str]:
    if sheet.skipped:
        return [f"–  {sheet.check:<12} {sheet.skipped}"]
    apart = "".join(f"; {len(found)} {kind}" for kind, found in sheet.apart.items())
    head = f"{'✗' if sheet.wrong else '✓'}  {sheet.check:<12} {len(sheet.wrong)} wrong of {sheet.looked_at}{apart}"
    more = [f"     … and {len(sheet.wrong) - SHOWN} more"] if len(sheet.wrong) > SHOWN else []
    return [head, *(f"     {one.resource}: {one.text}" for one in sheet.wrong[:SHOWN]), *more]
