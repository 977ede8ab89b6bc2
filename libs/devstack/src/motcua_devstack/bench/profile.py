"""Where a server spends its time: stacks that py-spy sees while a row is measured, folded to a line each.

Flame-graph viewers read such files (speedscope.app, `flamegraph.pl`). Only threads that hold the interpreter count.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from motcua_devstack.errors import DevError

SAMPLES_PER_SECOND = 200


def require() -> None:
    """Let only those pass who can profile.

    Raises:
        DevError: py-spy is not there.
    """
    if shutil.which("py-spy") is None:
        raise DevError("profiling needs py-spy on the PATH: pipx install py-spy")


@contextlib.contextmanager
def sampled(process_id: int, folder: Path | None, name: str) -> Iterator[None]:
    """Sample a process for the block, into a file of the folder; without a folder do nothing."""
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.folded"
    command = ["py-spy", "record", "--gil", "--function", "--format", "raw", "--rate", str(SAMPLES_PER_SECOND)]
    spy = subprocess.Popen(
        [*command, "--duration", "unlimited", "--output", str(file), "--pid", str(process_id)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        spy.send_signal(signal.SIGINT)  # it writes its file then
        spy.wait()
