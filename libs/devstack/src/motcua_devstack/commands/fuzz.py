"""`./dev fuzz [RPC…]`: hostile calls of RPCs and pages, until the time is over or Ctrl-C."""

import argparse
import dataclasses
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
from motcua_devstack.fuzz.campaign import Campaign, rounds
from motcua_devstack.fuzz.pages import Pages
from motcua_devstack.fuzz.tally import Tally
from motcua_devstack.fuzz.town import Town
from motcua_devstack.interruption import sigterm_interrupts

EXAMPLES = 50
"""Requests for each RPC in a round; a round begins with fresh dossiers."""


def run(options: argparse.Namespace) -> int:
    """Attack and report; 1 when an answer was wrong."""
    sigterm_interrupts()
    progress = Progress()
    # What the services log is about requests that are meant to be wrong; the seed brings each of them back.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    number = secrets.randbits(32) if options.seed is None else options.seed
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="motcua-fuzz-") as folder, EmbeddedServers() as servers:
        progress.say("serving the suite in this process; people and land move in")
        with Town(servers, Path(folder)) as town, closing(Campaign(town, tally)) as campaign:
            wanted = _wanted(campaign, options.rpcs)
            progress.say(f"{len(wanted)} RPCs for {options.minutes:g} minutes, seed {number}")
            try:
                _attack(town, campaign, wanted, number, time.monotonic() + options.minutes * 60, progress)
            except KeyboardInterrupt:
                progress.say("interrupted: what was seen so far")
    _report(tally, number, options.report, progress)
    return 1 if tally.findings else 0


def _attack(town: Town, campaign: Campaign, wanted: list[str], number: int, until: float, progress: Progress) -> None:
    pages, known = Pages(town), 0
    while time.monotonic() < until:
        carry_on(town)
        pages.attack(campaign.tally, EXAMPLES * 4, number=number)
        for rpc in rounds(campaign, wanted, examples=EXAMPLES, number=number, until=until):
            for finding in list(campaign.tally.findings.values())[known:]:
                progress.say(f"{finding.rpc} as {finding.role} {finding.problem}")
            known = len(campaign.tally.findings)
            del rpc
        for deviation in town.deviations():
            campaign.tally.note("documents", "nobody", b"", [deviation])
        number += 1
        progress.say(f"{campaign.tally.calls.total()} requests")


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
        print(f"{finding.rpc} as {finding.role} {finding.problem}\n    {finding.payload[:2000]}")
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
