"""`./dev fuzz [RPC…]`: hostile calls of RPCs and pages, until the time is over or Ctrl-C."""

import argparse
import dataclasses
import itertools
import json
import logging
import secrets
import tempfile
import time
from contextlib import closing
from pathlib import Path

import structlog

from motcua_devstack.console import Progress
from motcua_devstack.embedded import EmbeddedServers
from motcua_devstack.errors import DevError
from motcua_devstack.fuzz.affairs import carry_on
from motcua_devstack.fuzz.campaign import Campaign
from motcua_devstack.fuzz.pages import Pages
from motcua_devstack.fuzz.tally import Tally
from motcua_devstack.fuzz.town import Town
from motcua_devstack.interruption import sigterm_interrupts

EXAMPLES = 50
PAGE_EXAMPLES = 200
"""Requests for each RPC, and for the pages of each service, in a round."""


def run(options: argparse.Namespace) -> int:
    """Attack and report; 1 when an answer was wrong."""
    sigterm_interrupts()
    progress = Progress()
    # What the services log is about requests that are meant to be wrong; the seed brings each of them back.
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    first = secrets.randbits(32) if options.seed is None else options.seed
    tally, until = Tally(), time.monotonic() + options.minutes * 60
    with EmbeddedServers() as servers:
        try:
            for number in itertools.count(first):
                if time.monotonic() > until:
                    break
                progress.say(f"seed {number}: serving the suite in this process; people and land move in")
                _round(servers, options.rpcs, tally, number, until, progress)
                progress.say(f"{tally.calls.total()} requests so far")
        except KeyboardInterrupt:
            progress.say("interrupted: what was seen so far")
    _report(tally, first, options.report, progress)
    return 1 if tally.findings else 0


def _round(
    servers: EmbeddedServers, parts: list[str], tally: Tally, number: int, until: float, progress: Progress
) -> None:
    """Attack everything once, in a town of its own: what hostile calls have done to it does not hide anything later."""
    known = len(tally.findings)
    with (
        tempfile.TemporaryDirectory(prefix="motcua-fuzz-") as folder,
        Town(servers, Path(folder)) as town,
        closing(Campaign(town, tally)) as campaign,
    ):
        wanted = _wanted(campaign, parts)
        carry_on(town)
        for rpc in wanted:
            if time.monotonic() > until:
                break
            campaign.attack(rpc, EXAMPLES, number=number)
            for finding in list(tally.findings.values())[known:]:
                progress.say(f"{finding.rpc} as {finding.role} {finding.problem}")
            known = len(tally.findings)
        if not parts and time.monotonic() < until:
            Pages(town).attack(tally, PAGE_EXAMPLES, number=number)
        for deviation in town.deviations():
            tally.note("documents", "everybody", b"", [deviation], number=number)


def _wanted(campaign: Campaign, parts: list[str]) -> list[str]:
    """The RPCs whose names contain one of the parts; all when there is none.

    Raises:
        DevError: a part is in no name.
    """
    found = campaign.rpcs()
    if lost := [part for part in parts if not any(part in rpc for rpc in found)]:
        raise DevError(f"no RPC is called {', '.join(lost)}; docs/reference/permissions.md names them")
    return [rpc for rpc in found if not parts or any(part in rpc for part in parts)]


def _report(tally: Tally, number: int, file: str | None, progress: Progress) -> None:
    progress.say(f"{tally.calls.total()} requests: {', '.join(f'{n} {code}' for code, n in tally.calls.most_common())}")
    for finding in tally.findings.values():
        print(f"{finding.rpc} as {finding.role} {finding.problem}\n    --seed {finding.seed}: {finding.payload[:2000]}")
    progress.say(f"{len(tally.findings)} findings; --seed {number} asks the same again")
    if file:
        report = {
            "seed": number,
            "calls": dict(tally.calls),
            "reached": sorted(tally.reached),
            "findings": [dataclasses.asdict(finding) for finding in tally.findings.values()],
        }
        fresh = Path(f"{file}.new")
        fresh.write_text(json.dumps(report, ensure_ascii=False, indent=1))
        fresh.replace(file)
