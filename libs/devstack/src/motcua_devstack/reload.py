"""Starts a container's process anew whenever a source of it changes; only in images of the variant `develop`.

`motcua_devstack.images` puts it where Python imports it at its start. It acts in the first process of a container only,
which then watches and runs the command that it was given as a child; not for somebody else's program, such as a store.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

FIRST_PROCESS = 1
OWN = "motcua_"
"""How the names of the suite's modules begin."""
APP = "/app"
LOOK_MILLISECONDS = 500
STOP_SECONDS = 30


def supervise() -> NoReturn:
    """Run this process's own command as a child, and again after each change, until SIGTERM or until it is done.

    A command that fails is not done: a container that ended would come back with the sources of its image.
    """
    import watchfiles  # noqa: PLC0415 - only the first process of a container needs it

    # What the image has on its path, and data: files of other services may be written beside them.
    data = os.environ["CITY_DIR"], str(Path(os.environ["TOPOLOGY_FILE"]).parent)
    watched = [folder for folder in (*sys.path, *data) if folder.startswith(f"{APP}/")]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    child = _start()
    for changes in watchfiles.watch(
        *watched, stop_event=stop, rust_timeout=LOOK_MILLISECONDS, yield_on_timeout=True, raise_interrupt=False
    ):
        if changes:
            _end(child)
            child = _start()
        elif child.poll() == 0:
            break
    _end(child)
    os._exit(0)  # Python is about to start: an exception would be called a fatal error


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(sys.orig_argv)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if os.getpid() == FIRST_PROCESS and any(word.startswith(OWN) for word in sys.orig_argv):
    supervise()
