"""`./dev status`: what runs, and where."""

import argparse

from motcua_devstack.commands.up import show_addresses
from motcua_devstack.stack import Stack


def run(options: argparse.Namespace) -> int:
    """Print processes and addresses; exit code 3 when the stack does not run (as init scripts do)."""
    stack = Stack(options.name)
    process_id = stack.running_pid()
    if process_id is None:
        print(f"the stack `{stack.name}` does not run; ./dev up --name {stack.name}")
        return 3
    print(f"the stack `{stack.name}` runs (process {process_id})")
    for name, process in stack.states().items():
        again = f", restarted {process['restarts']}×" if process["restarts"] else ""
        print(f"  {name:<18} {process['state']:<9} {process['pid'] or '':>8}{again}")
    show_addresses(stack.addresses())
    return 0
