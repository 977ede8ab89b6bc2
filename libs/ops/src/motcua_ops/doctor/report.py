"""What the operator reads."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

import click

from motcua_ops.doctor.findings import Finding, Status

COLOURS = {Status.OK: "green", Status.SKIPPED: "bright_black", Status.WARN: "yellow", Status.FAIL: "red"}
WIDTH = 32
"""Columns of a subject; a longer one pushes its line."""


def lines(check: str, findings: Iterable[Finding]) -> Iterator[str]:
    """The findings of one check, aligned; advice stands below what it belongs to."""
    for finding in findings:
        status = click.style(f"{finding.status:<8}", fg=COLOURS[finding.status])
        yield f"{status}{check:<20}{finding.subject:<{WIDTH}}  {finding.text}"
        if finding.advice:
            yield f"{'':8}{'':20}→ {finding.advice}"


def summary(findings: Iterable[Finding]) -> str:
    """How many there are of each status."""
    count = Counter(finding.status for finding in findings)
    return ", ".join(f"{count[status]} {status}" for status in Status if count[status])


def as_json(found: Iterable[tuple[str, Finding]]) -> str:
    """All findings for programs."""
    rows = [
        {"check": check, "status": item.status, "subject": item.subject, "text": item.text, "advice": item.advice}
        for check, item in found
    ]
    return json.dumps({"healthy": all(row["status"] != Status.FAIL for row in rows), "findings": rows}, indent=1)
