"""`./dev bench`: the speed of the suite as ratios to its limits."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from smtplib import SMTPException

import grpc
import requests
from pymongo.errors import PyMongoError

from motcua_client import MotcuaError
from motcua_devstack.bench import rounds, table
from motcua_devstack.bench.budget import Budget
from motcua_devstack.bench.registry import ROWS
from motcua_devstack.bench.rows import Bench, Row
from motcua_devstack.bench.servers import UNLIMITED
from motcua_devstack.bench.shared import Shared
from motcua_devstack.console import Progress
from motcua_devstack.demo.browser import SignInFailed
from motcua_devstack.demo.walk import NotVerified
from motcua_devstack.errors import DevError
from motcua_devstack.interruption import sigterm_interrupts
from motcua_devstack.paths import ROOT
from motcua_devstack.stack import RunningStack, Stack

NAME = "bench"
PROFILES = ROOT / "bench" / "profiles"
SECONDS, QUICK_SECONDS = 1.5, 0.5
ROUNDS, QUICK_ROUNDS = 5, 3
SECONDS_IN_ALL, QUICK_SECONDS_IN_ALL = 480.0, 90.0
"""From the first line to the last."""
STOPPING = 15.0
"""Seconds of it that are kept for stopping everything."""
SIZES, QUICK_SIZES = (1_000, 3_000), (600, 1_200)
"""The embedded store takes some two hundred dossiers a second, with all their indexes."""

FAILURES = (
    *(DevError, MotcuaError, SignInFailed, NotVerified),
    *(grpc.RpcError, requests.RequestException, SMTPException, PyMongoError, OSError),
)
"""What may go wrong while a row is measured; the others are measured all the same."""


def run(options: argparse.Namespace) -> int:
    """Measure and tell; 1 when a row could not be measured."""
    if options.list:
        for name, entry in ROWS.items():
            print(f"{name:12} {entry.measured}; limit: {entry.limit or 'none'}")
        return 0
    begun = time.monotonic()
    wanted = {options.profile} if options.profile else set(options.rows or ROWS)
    if unknown := wanted - ROWS.keys():
        raise DevError(f"no such row: {', '.join(sorted(unknown))}; ./dev bench --list")
    if options.profile and not ROWS[options.profile].profiled:
        profiled = ", ".join(name for name, entry in ROWS.items() if entry.profiled)
        raise DevError(f"{options.profile} has nothing to profile; these have: {profiled}")
    if options.json and not Path(options.json).absolute().parent.is_dir():
        raise DevError(f"there is no folder for {options.json}")
    earlier = table.read(Path(options.compare)) if options.compare else None
    sigterm_interrupts()
    progress = Progress(sys.stderr)
    os.environ["RATE_LIMIT"] = UNLIMITED  # what a few people do here, thousands do there; all processes inherit it
    stack = Stack(NAME)
    progress.say("starting a stack of its own")
    end = begun + _seconds_in_all(options) - STOPPING
    with stack.run(fresh=True) as running, Shared() as shared:
        outcome = _measure(_bench(running, shared, options, progress), wanted, options, end)
        print(table.text(outcome.rows), flush=True)  # before anything is closed, which may fail, too
        if options.json:
            table.write(table.document(outcome.rows, _commit()), Path(options.json))
    if earlier is not None:
        print(f"\nsince {options.compare}:\n{table.comparison(table.compare(outcome.rows, earlier))}")
    if outcome.late:
        print(f"there was no time for: {', '.join(outcome.late)}")
    for name in outcome.failed:
        print(f"not measured: {name}")
    return 1 if outcome.failed else 0


@dataclass
class _Outcome:
    """What came of the rows, the probes that there was no time for, and the rows that failed."""

    rows: list[Row] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def _seconds_in_all(options: argparse.Namespace) -> float:
    if options.minutes is not None:
        return float(options.minutes * 60)
    return QUICK_SECONDS_IN_ALL if options.quick else SECONDS_IN_ALL


def _bench(running: RunningStack, shared: Shared, options: argparse.Namespace, progress: Progress) -> Bench:
    folder = running.stack.folder / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Bench(
        running=running,
        folder=folder,
        quick=options.quick,
        seconds=QUICK_SECONDS if options.quick else SECONDS,
        sizes=tuple(sorted(set(options.sizes))) or (QUICK_SIZES if options.quick else SIZES),
        say=progress.say,
        profile=PROFILES / options.profile if options.profile else None,
        shared=shared,
    )


def _measure(bench: Bench, wanted: Collection[str], options: argparse.Namespace, end: float) -> _Outcome:
    """Measure one row after the other, each with its share of the time that is left."""
    names = [name for name in ROWS if name in wanted]
    budget = Budget(end, len(names))
    outcome = _Outcome()
    for name in names:
        bench.say(f"{name}: {ROWS[name].measured}")
        probes = ROWS[name].probes(bench.sizes)
        try:
            rows, late = rounds.measure(probes, bench, QUICK_ROUNDS if options.quick else ROUNDS, budget.share())
        except FAILURES as error:
            bench.say(f"  {name} was not measured: {type(error).__name__}: {error}")
            outcome.failed.append(name)
            continue
        outcome.rows += rows
        outcome.late += late
        print(table.text(rows), file=sys.stderr, flush=True)
    return outcome


def _commit() -> str:
    """The commit that was measured, with `+` when files differ from it; empty outside a repository."""
    described = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+"],
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip()
