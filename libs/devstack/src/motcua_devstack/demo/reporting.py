"""What a walk has shown: a line for each step as it ends, and all of it as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence

from motcua_devstack.console import Progress
from motcua_devstack.demo.steps import STEPS
from motcua_devstack.demo.walk import Outcome, Walk


def tell(outcomes: Iterable[Outcome], progress: Progress) -> Iterator[Outcome]:
    """Print each outcome as it comes, and pass it on."""
    for outcome in outcomes:
        mark = "-" if outcome.skipped else "✓" if outcome.ok else "✗"
        progress.say(f"{mark} {outcome.name:<20} {outcome.seconds:5.1f} s  {outcome.text}  [{outcome.trace_id}]")
        yield outcome


def verified(outcomes: Sequence[Outcome]) -> bool:
    """Whether every step was taken and nothing was wrong."""
    return len(outcomes) == len(STEPS) and all(outcome.ok for outcome in outcomes)


def report(walk: Walk, outcomes: Sequence[Outcome], messages: Sequence[str] = (), spans: str = "") -> str:
    """The walk as JSON.

    Args:
        walk: what the steps left.
        outcomes: how each ended.
        messages: files with messages to the applicant.
        spans: file with the spans of its traces.
    """
    permit = getattr(walk, "permit_pdf", None)
    return json.dumps(
        {
            "ok": verified(outcomes),
            "steps": [
                {
                    "name": outcome.name,
                    "ok": outcome.ok,
                    "skipped": outcome.skipped,
                    "seconds": round(outcome.seconds, 3),
                    "trace_id": outcome.trace_id,
                    "text": outcome.text,
                }
                for outcome in outcomes
            ],
            "files": {
                "permit_pdf": str(permit) if permit else None,
                "slips": [str(file) for file in walk.slips.values()],
                "messages": messages,
            },
            "spans": spans,
        },
        ensure_ascii=False,
        indent=1,
    )
