"""Load on a suite that runs anywhere: `python -m motcua_devstack.load --ledger FILE --clients N`.

Where the suite is comes from the environment (`motcua_devstack.demo.remote`). The last line is the run in figures, as
JSON; the exit status is 1 when a command failed in spite of all retries, was lost or was doubled.
"""

import json
import signal
import sys
import threading
from typing import TextIO

import click
from stamina.instrumentation import set_on_retry_hooks

from motcua_devstack.load.client import KINDS
from motcua_devstack.load.driver import Plan, drive
from motcua_devstack.load.ledger import Ledger
from motcua_devstack.verify import log_to_stderr, read_surroundings


@click.command()
@click.option(
    "--ledger", type=click.File("w"), default="-", help="Gets each command as it ends, one JSON object a line."
)
@click.option("--clients", type=click.IntRange(min=1), default=4, show_default=True, help="Clients side by side.")
@click.option("--rate", type=click.FloatRange(min=0), default=0.0, help="Commands per second of all; 0 for no limit.")
@click.option("--seconds", type=click.FloatRange(min=0), help="For how long; until SIGTERM when not given.")
@click.option("--kind", type=click.Choice(sorted(KINDS)), default="drafts", show_default=True, help="What is sent.")
def main(ledger: TextIO, clients: int, rate: float, seconds: float | None, kind: str) -> None:
    """Send commands to the suite that the environment describes, then hold it to what it has acknowledged."""
    log_to_stderr()
    set_on_retry_hooks([])  # the ledger counts them
    surroundings = read_surroundings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    world = surroundings.world(lambda channel: channel)
    try:
        figures = drive(world, Plan(clients, rate, kind, seconds), Ledger(ledger), stop)
    finally:
        world.suite.close()
    print(json.dumps(figures, ensure_ascii=False), flush=True)
    sys.exit(1 if figures["failed_after_retries"] or figures["lost"] or figures["doubled"] else 0)


if __name__ == "__main__":
    main()
