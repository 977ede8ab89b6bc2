"""`./dev down`: stop a detached stack."""

import argparse
import os
import signal
import time

from motcua_devstack.console import Progress
from motcua_devstack.errors import DevError
from motcua_devstack.stack import Stack

STOP_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.1


def run(options: argparse.Namespace) -> int:
    """Stop the stack and wait until it is gone."""
    stack = Stack(options.name)
    process_id = stack.running_pid()
    if process_id is None:
        print(f"the stack `{stack.name}` does not run")
        return 0
    progress = Progress()
    progress.say(f"stopping the stack `{stack.name}` (process {process_id})")
    os.kill(process_id, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while stack.running_pid() is not None:
        if time.monotonic() > deadline:
            raise DevError(f"process {process_id} has not ended after {STOP_SECONDS} s; see {stack.logs}")
        time.sleep(LOOK_AGAIN_SECONDS)
    progress.say("stopped")
    return 0
