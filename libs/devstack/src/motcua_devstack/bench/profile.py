"""Where a server spends its time: stacks that py-spy sees while a row is measured, folded to a line each.

Flame-graph viewers read such files (speedscope.app, `flamegraph.pl`). Only threads that hold the interpreter count.
Frames are `module:function`; what is rare is counted with its caller, so that a file stays small.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from motcua_devstack.errors import DevError

SPY = Path(sys.executable).parent / "py-spy"
SAMPLES_PER_SECOND = 200
RARE = 0.01
"""Share of all samples below which a frame is left out, and those below it."""

FRAME = re.compile(r"(?P<function>.*) \((?P<file>[^()]*?)(:\d+)?\)$")
PROCESS = "process "
"""How the first frame begins when processes have children: it names one of them."""

PACKAGES = re.compile(r".*/(site-packages|dist-packages|python[\d.]+|src)/")
"""What stands before the first package in a path."""


@contextlib.contextmanager
def sampled(process_id: int, row: Path | None, name: str) -> Iterator[None]:
    """Sample a process and its children for the block, into the file `<row>-<name>.folded`; without a row do nothing.

    Args:
        process_id: of the process.
        row: folder of the file, and the beginning of its name.
        name: of the process.

    Raises:
        DevError: the process was not sampled, at the end of the block.
    """
    if row is None:
        yield
        return
    row.parent.mkdir(parents=True, exist_ok=True)
    file = row.with_name(f"{row.name}-{name}.folded")
    file.unlink(missing_ok=True)
    raw = file.with_suffix(".raw")
    command = [str(SPY), "record", "--gil", "--subprocesses", "--function", "--full-filenames", "--format", "raw"]
    spy = subprocess.Popen(
        [
            *(*command, "--rate", str(SAMPLES_PER_SECOND), "--duration", "unlimited"),
            *("--output", str(raw), "--pid", str(process_id)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        spy.send_signal(signal.SIGINT)  # it writes its file then
        said = spy.communicate()[1].strip()
        if raw.exists():
            file.write_text("".join(f"{line}\n" for line in folded(raw.read_text().splitlines())))
            raw.unlink()
    if not file.exists():
        raise DevError(f"{name} was not profiled: {said} (kernel.yama.ptrace_scope must be 0, or you root)")


def folded(lines: Iterable[str]) -> list[str]:
    """Fold what py-spy wrote: a stack and its samples a line, without machine paths, rare frames cut off.

    Args:
        lines: `function (file);function (file) samples`, outermost first.
    """
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in lines:
        stack, _, seen = line.rpartition(" ")
        within = (frame for frame in stack.split(";") if not frame.startswith(PROCESS))
        stacks[tuple(map(_frame, within))] += int(seen)
    reached: Counter[tuple[str, ...]] = Counter()
    for frames, samples in stacks.items():
        for depth in range(len(frames)):
            reached[frames[: depth + 1]] += samples
    fewest = max(1.0, RARE * stacks.total())
    kept: Counter[tuple[str, ...]] = Counter()
    for frames, samples in stacks.items():
        depth = next((depth for depth in range(len(frames)) if reached[frames[: depth + 1]] < fewest), len(frames))
        kept[frames[:depth] or ("rare",)] += samples
    return [f"{';'.join(frames)} {samples}" for frames, samples in sorted(kept.items())]


def _frame(frame: str) -> str:
    """`Cursor.next (pymongo/synchronous/cursor.py)` as `pymongo.synchronous.cursor:Cursor.next`."""
    found = FRAME.fullmatch(frame)
    if found is None:
        return frame.replace(" ", "_")
    file = PACKAGES.sub("", found["file"]).removesuffix(".py").removesuffix("/__init__")
    if file.startswith(("/", "<")):  # a program, or code without a file
        file = file.rpartition("/")[2].strip("<>")
    return f"{file.replace('/', '.')}:{found['function']}".replace(" ", "_")
