"""What came of a run: figures for machines, lines for people."""

import json
import os
import platform
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

from motcua_devstack.chaos.audit import Report
from motcua_devstack.chaos.lives import Life
from motcua_devstack.chaos.strikes import Struck
from motcua_devstack.load.audit import Finding
from motcua_devstack.load.ledger import Entry

SHOWN = 20
WIDTH = 300
"""Letters of a line about something that is broken; the JSON has all of it."""


@dataclass(frozen=True)
class Run:
    """A run that has come to its end.

    Attributes:
        seed: of the plan.
        seconds: from the first command to the end of the audit.
        struck: the faults.
        entries: the ledger.
        lives: the lives of permits.
        broken: why a part of the load ended before its time.
        drafts: what the audit of drafts found.
        unfinished: what still waited at the end, by place.
        dead_letters: events that a handler gave up on.
        audited: what the stores say.
    """

    seed: int
    seconds: float
    struck: Sequence[Struck]
    entries: Sequence[Entry]
    lives: Sequence[Life]
    broken: Sequence[str]
    drafts: Finding
    unfinished: dict[str, int]
    dead_letters: Sequence[str]
    audited: Report

    @property
    def figures(self) -> dict[str, Any]:
        """The run as JSON."""
        acknowledged = [entry for entry in self.entries if entry.acknowledged]
        failed = [f"{one.command} {one.resource}: {one.failure}" for one in self.entries if one.failure]
        stuck = [one for one in self.lives if one.problem]
        return {
            "seed": self.seed,
            "rounds": len(self.struck),
            "seconds": round(self.seconds, 1),
            "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
            "faults": list(self._faults()),
            "sent": len(self.entries),
            "acknowledged": len(acknowledged),
            "retried": sum(entry.attempts > 1 for entry in acknowledged),
            "longest": max((entry.seconds for entry in acknowledged), default=0.0),
            "unanswered_but_done": self.drafts.unanswered,
            "lives": len(self.lives),
            "lives_finished": sum(one.ended and not one.problem for one in self.lives),
            "failed": [*self.broken, *failed][:SHOWN],
            "stuck": [f"{one.course} {one.dossier} {one.application}: {one.problem}" for one in stuck][:SHOWN],
            "lost": self.drafts.lost,
            "doubled": self.drafts.doubled,
            "unfinished": self.unfinished,
            "dead_letters": self.dead_letters,
            "unreachable_states": [line for line in self.audited.wrong if line.startswith("states:")][:SHOWN],
            "wrong": self.audited.wrong[:SHOWN],
            "audit": self.audited.figures,
        }

    def _faults(self) -> Iterator[dict[str, Any]]:
        """Each fault with the longest that a command took which was answered before the next fault began."""
        ends = [*(one.begun for one in self.struck), "~"][1:]
        for one, end in zip(self.struck, ends, strict=True):
            slow = [entry.seconds for entry in self.entries if one.begun <= entry.acknowledged < end]
            yield asdict(one.injection) | {
                "begun": one.begun,
                "recovered": one.recovered,
                "crashed": one.crashed,
                "slowest": max(slow, default=0.0),
            }


BROKEN = ("failed", "stuck", "lost", "doubled", "unfinished", "dead_letters", "wrong")
"""Figures that must be empty."""


def holds(figures: dict[str, Any]) -> bool:
    """Whether nothing that must be empty has anything in it."""
    return not any(figures[name] for name in BROKEN)


def lines(figures: dict[str, Any]) -> list[str]:
    """The run for people: a table in Markdown, then its figures."""
    faults = f"{figures['rounds']} faults in {figures['seconds']:.0f} s"
    commands = f"{figures['acknowledged']} of {figures['sent']} commands acknowledged"
    retries = f"{figures['retried']} after a retry, the longest after {figures['longest']:.1f} s"
    return [
        *_table(figures["faults"]),
        "",
        f"{faults}; {commands}, {retries}",
        f"{figures['lives_finished']} of {figures['lives']} lives of permits came to their end",
        *(line for name in BROKEN for line in _broken(name, figures[name])),
        *_checks(figures["audit"]),
    ]


def _table(faults: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield "| kind | times | hit | processes started again | all ready after | slowest command |"
    yield "|---|---|---|---|---|---|"
    for kind in dict.fromkeys(fault["kind"] for fault in faults):
        of_kind = [fault for fault in faults if fault["kind"] == kind]
        targets = sorted(Counter(fault["target"] for fault in of_kind).items())
        hit = ", ".join(target if times == 1 else f"{target} ×{times}" for target, times in targets)
        again = sum(len(fault["crashed"]) for fault in of_kind)
        recovered = max(fault["recovered"] for fault in of_kind)
        slowest = max(fault["slowest"] for fault in of_kind)
        yield f"| `{kind}` | {len(of_kind)} | {hit} | {again} | {recovered:.1f} s | {slowest:.1f} s |"


def _broken(name: str, found: Collection[str] | Mapping[str, int]) -> Iterator[str]:
    yield f"{name}: {len(found) or 'none'}"
    rows = (f"{count} in {place}" for place, count in found.items()) if isinstance(found, Mapping) else found
    yield from (f"  {shorten(row, WIDTH)}" for row in rows)


def _checks(audit: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    for check, row in audit.items():
        apart = "".join(f"; {count} {kind}" for kind, count in row["apart"].items())
        yield f"audit of {check}: {row['skipped'] or str(row['wrong']) + ' wrong of ' + str(row['looked_at'])}{apart}"


def write(file: Path, figures: dict[str, Any]) -> None:
    """Write the figures, all of them or none."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    fresh.replace(file)
