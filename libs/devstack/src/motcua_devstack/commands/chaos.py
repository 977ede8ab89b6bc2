"""`./dev chaos`: known load, faults from a seeded plan, and an audit of what is left."""

import argparse
import random
import sys
from pathlib import Path

import structlog
from stamina.instrumentation import set_on_retry_hooks

from motcua_devstack.chaos import report
from motcua_devstack.chaos.audit import audit
from motcua_devstack.chaos.audit.local import open_stack
from motcua_devstack.chaos.campaign import NAME, carry_out
from motcua_devstack.chaos.faults import KINDS
from motcua_devstack.chaos.plan import deck, draw
from motcua_devstack.console import Progress
from motcua_devstack.errors import DevError
from motcua_devstack.interruption import sigterm_interrupts
from motcua_devstack.stack import Stack

HIGHEST_SEED = 9999


def run(options: argparse.Namespace) -> int:
    """Run; 1 when anything was lost, doubled or left undone."""
    if options.list:
        print("\n".join(f"{name:<14} {kind.summary}" for name, kind in KINDS.items()))
        return 0
    if options.audit_only:
        return _audit(Stack(options.audit_only), options.json)
    kinds = options.faults or list(KINDS)
    if unknown := set(kinds) - KINDS.keys():
        raise DevError(f"no such faults: {', '.join(sorted(unknown))}; ./dev chaos --list")
    rounds = len(deck(kinds)) if options.rounds is None else options.rounds
    seed = random.randint(1, HIGHEST_SEED) if options.seed is None else options.seed  # noqa: S311 - no secret
    again = f"./dev chaos --rounds {rounds} --seed {seed}" + (f" --faults {' '.join(kinds)}" if options.faults else "")
    progress = Progress(sys.stderr)
    progress.say(again)
    sigterm_interrupts()
    set_on_retry_hooks([])  # the ledger counts them
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    figures = carry_out(seed, draw(seed, rounds, kinds), progress.say)
    if options.json:
        report.write(Path(options.json), figures)
    print("\n".join(report.lines(figures)))
    if report.holds(figures):
        return 0
    print(f"again: {again}\nlogs and ledger: {Stack(NAME).folder}")
    return 1


def _audit(stack: Stack, file: str | None) -> int:
    """Audit a stack; 1 when anything is wrong."""
    if stack.running_pid() is None:
        raise DevError(f"the stack `{stack.name}` does not run; ./dev up --name {stack.name}")
    with open_stack(stack) as audited:
        found = audit(audited)
    if file:
        report.write(Path(file), found.figures)
    print("\n".join(found.lines))
    return 0 if found.holds else 1
