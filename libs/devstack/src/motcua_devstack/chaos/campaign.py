"""One run from an empty suite to its figures: load, faults, rest, audit."""

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from motcua_devstack.chaos.audit import audit
from motcua_devstack.chaos.audit.local import open_stack
from motcua_devstack.chaos.faults import Site
from motcua_devstack.chaos.faults.base import SCHEDULERS
from motcua_devstack.chaos.links import Links
from motcua_devstack.chaos.load import PATIENCE, Load
from motcua_devstack.chaos.plan import Injection
from motcua_devstack.chaos.quiet import given_up, rest
from motcua_devstack.chaos.report import Run
from motcua_devstack.chaos.strikes import Struck, strike
from motcua_devstack.demo.local import local_world
from motcua_devstack.load.ledger import Ledger
from motcua_devstack.stack import Stack

NAME = "chaos"
LEDGER = "ledger.jsonl"

Say = Callable[[str], None]


def carry_out(seed: int, plan: Sequence[Injection], say: Say) -> dict[str, Any]:
    """Start a suite of its own, let everything of the plan happen to it, stop it; returns the run in figures.

    Args:
        seed: that the plan was drawn from.
        plan: the faults.
        say: is told how it goes, line by line.

    Raises:
        DevError: the suite did not start, or did not come back after a fault.
    """
    with Links() as links:
        stack = Stack(NAME, {}, way=links.way, schedulers=len(SCHEDULERS))
        say("starting the suite")
        with stack.run(fresh=True) as running, (stack.folder / LEDGER).open("w") as file:
            say("everything is ready; the load begins")
            return under_load(seed, plan, Site(running, links), Ledger(file), say)


def under_load(seed: int, plan: Sequence[Injection], site: Site, ledger: Ledger, say: Say) -> dict[str, Any]:
    """The same on a suite that runs; `ledger` gets every command.

    Raises:
        DevError: the suite did not come back after a fault.
    """
    begun = time.monotonic()
    addresses = site.running.addresses
    world = local_world(site.running, lambda channel: channel, PATIENCE)
    struck: list[Struck] = []
    with contextlib.closing(world.suite), Load(world, ledger) as load:
        for one in strike(plan, site):
            struck.append(one)
            say(_line(one, len(plan), ledger))
        say("no more faults; what was begun comes to its end")
        load.finish()
        say("waiting until the suite is at rest")
        unfinished = rest(addresses)
        say("audit")
        finding = load.audit()
        seconds = time.monotonic() - begun
        letters = given_up(addresses)
        with open_stack(site.running.stack, ledger.entries) as audited:
            report = audit(audited)
        run = Run(seed, seconds, struck, ledger.entries, load.lives, load.broken, finding, unfinished, letters, report)
        return run.figures


def _line(one: Struck, count: int, ledger: Ledger) -> str:
    crashed = f", started again: {', '.join(one.crashed)}" if one.crashed else ""
    acknowledged = sum(bool(entry.acknowledged) for entry in ledger.entries)
    return (
        f"{one.injection.number:>3}/{count} {one.injection}: whole after {one.recovered:.1f} s{crashed}; "
        f"{acknowledged} commands acknowledged"
    )
