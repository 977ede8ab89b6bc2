"""`./dev up`: the whole suite, in the foreground or detached."""

import argparse
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from motcua_devstack.console import Progress
from motcua_devstack.errors import DevError
from motcua_devstack.interruption import sigterm_interrupts
from motcua_devstack.paths import STATE
from motcua_devstack.stack import Addresses, Stack
from motcua_devstack.supervisor import START_SECONDS, State

READY_FILE = "ready"
LOOK_AGAIN_SECONDS = 0.1


def run(options: argparse.Namespace) -> int:
    """Start the stack; return when it is ready (detached) or has been stopped."""
    return _detached(options) if options.detach else _foreground(options)


def _foreground(options: argparse.Namespace) -> int:
    stack = Stack(options.name)
    progress = Progress()
    sigterm_interrupts()
    ready = stack.folder / READY_FILE
    try:
        with stack.run(fresh=options.fresh, told=BootLines(progress)) as running:
            ready.touch()
            progress.say("everything is ready; Ctrl-C stops it")
            show_addresses(running.addresses)
            threading.Event().wait()
    except KeyboardInterrupt:
        progress.say("stopped")
    finally:
        ready.unlink(missing_ok=True)
    return 0


def _detached(options: argparse.Namespace) -> int:
    stack = Stack(options.name)
    if (process_id := stack.running_pid()) is not None:
        raise DevError(f"the stack `{stack.name}` runs already (process {process_id}); ./dev down --name {stack.name}")
    progress = Progress()
    stack.folder.mkdir(parents=True, exist_ok=True)
    ready = stack.folder / READY_FILE
    ready.unlink(missing_ok=True)
    output = STATE / f"{stack.name}.out"
    command = [sys.executable, "-m", "motcua_devstack", "up", "--name", stack.name]
    command += ["--fresh"] if options.fresh else []
    with output.open("wb") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    progress.say(f"starting the stack `{stack.name}`")
    try:
        _wait(child, ready, output)
    except BaseException:
        child.send_signal(signal.SIGTERM)
        child.wait()
        raise
    progress.say(f"everything is ready; ./dev down --name {stack.name} stops it")
    show_addresses(stack.addresses())
    return 0


def _wait(child: subprocess.Popen[bytes], ready: Path, output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            lines = output.read_text().strip().splitlines()
            raise DevError(lines[-1].removeprefix("./dev: ") if lines else f"it ended without a word; see {output}")
        time.sleep(LOOK_AGAIN_SECONDS)


class BootLines:
    """Prints a line whenever a process has become ready, or has crashed."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, name: str, state: State) -> None:
        """Tell a change of state."""
        if state in (State.READY, State.DONE, State.CRASHED):
            self._progress.say(f"  {name}: {state}")


def show_addresses(addresses: Addresses) -> None:
    """Print where everything is."""
    rows = [(f"{name} gRPC", address) for name, address in addresses.grpc.items()]
    rows += [(f"{name} HTTP", url) for name, url in addresses.http.items()]
    rows += [("e-ID", addresses.eid), ("S3", addresses.object_store), ("MongoDB", addresses.mongodb_uri)]
    rows += [("broker", addresses.broker_url), ("OTLP", addresses.otlp)]
    for name, address in rows:
        print(f"  {name:<16} {address}")
