"""`./dev bench`: the speed of the suite as ratios to its limits."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from smtplib import SMTPException

import grpc
import requests
from pymongo.errors import PyMongoError

from motcua_client import MotcuaError
from motcua_devstack.bench import profile, rounds, table
from motcua_devstack.bench.registry import ROWS
from motcua_devstack.bench.rows import Bench, Row
from motcua_devstack.bench.servers import UNLIMITED
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
BUDGET, QUICK_BUDGET = 420.0, 60.0
"""Seconds after which no round is begun: the rest is for starting, filling and stopping."""
SIZES, QUICK_SIZES = (1_000, 5_000), (1_000, 2_000)
"""The embedded store takes a few hundred dossiers a second, with all their indexes."""

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
    names = [options.profile] if options.profile else options.rows or list(ROWS)
    if unknown := set(names) - set(ROWS):
        raise DevError(f"no such row: {', '.join(sorted(unknown))}; ./dev bench --list")
    if options.json and not Path(options.json).absolute().parent.is_dir():
        raise DevError(f"there is no folder for {options.json}")
    earlier = table.read(Path(options.compare)) if options.compare else None
    if options.profile:
        profile.require()
    sigterm_interrupts()
    progress = Progress(sys.stderr)
    os.environ["RATE_LIMIT"] = UNLIMITED  # what a few people do here, thousands do there; all processes inherit it
    stack = Stack(NAME)
    progress.say("starting a stack of its own")
    with stack.run(fresh=True) as running:
        rows, failed = _measure(_bench(running, options, progress), names, options, progress)
    print(table.text(rows))
    if earlier is not None:
        print(f"\nsince {options.compare}:\n{table.comparison(table.compare(rows, earlier))}")
    if options.json:
        table.write(table.document(rows, _commit()), Path(options.json))
    for name in failed:
        print(f"not measured: {name}")
    return 1 if failed else 0


def _bench(running: RunningStack, options: argparse.Namespace, progress: Progress) -> Bench:
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
        profile=PROFILES if options.profile else None,
    )


def _measure(
    bench: Bench, names: list[str], options: argparse.Namespace, progress: Progress
) -> tuple[list[Row], list[str]]:
    """Measure one row after the other, each with its share of the time that is left; returns also what failed."""
    end = time.monotonic() + (QUICK_BUDGET if options.quick else BUDGET)
    number = QUICK_ROUNDS if options.quick else ROUNDS
    rows: list[Row] = []
    failed: list[str] = []
    for position, name in enumerate(names):
        progress.say(f"{name}: {ROWS[name].measured}")
        now = time.monotonic()
        deadline = now + max(0.0, end - now) / (len(names) - position)
        try:
            found = rounds.measure(ROWS[name].probes(bench.sizes), bench, number, deadline)
        except FAILURES as error:
            progress.say(f"  {name} was not measured: {type(error).__name__}: {error}")
            failed.append(name)
            continue
        rows += found
        print(table.text(found), file=sys.stderr, flush=True)
    return rows, failed


def _commit() -> str:
    """The commit that was measured, with `+` when files differ from it; empty outside a repository."""
    described = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+"],
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip()
