"""Start processes in the order of what they need, restart those that crash, stop all of them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from motcua_devstack import launch
from motcua_devstack.errors import DevError
from motcua_devstack.probes import Probe

TICK = 0.05
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
SETTLED_SECONDS = 30.0
"""A process that has run so long without a crash is trusted again."""
START_SECONDS = 120.0


class State(StrEnum):
    """Where a process is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DONE = "done"
    CRASHED = "crashed"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process, as data.

    Attributes:
        name: its name in logs, states and `after`.
        command: program and arguments.
        environment: variables besides the supervisor's own.
        ready: whether it serves; None: as soon as it runs.
        after: names that must be ready (or done) first.
        once: it does its work and ends with 0, and is done then.
        stop_seconds: how long it gets to end by itself.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Probe | None = None
    after: tuple[str, ...] = ()
    once: bool = False
    stop_seconds: float = 10.0


@dataclass(eq=False)
class _Entry:
    process: Process
    log: Path
    state: State = State.WAITING
    handle: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    crashes: int = 0
    restarts: int = 0
    stop_by: float = 0.0
    kept_down: bool = False

    def start(self) -> None:
        """Start the process in a group of its own, bound to the life of the calling thread."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.handle = _spawn(self.process, log)
        self.started_at = time.monotonic()
        self.state = State.STARTING

    def ended(self) -> int | None:
        """Exit code; None while it runs."""
        return self.handle.poll() if self.handle else None

    def sweep(self) -> None:
        """End what is left of its group."""
        if self.handle:
            _signal_group(self.handle.pid, signal.SIGKILL)


def _spawn(process: Process, log: IO[bytes]) -> subprocess.Popen[bytes]:
    bound = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), *process.command]
    return subprocess.Popen(
        bound,
        env={**os.environ, **process.environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _signal_group(process_id: int, number: signal.Signals) -> None:
    try:
        os.killpg(process_id, number)
    except ProcessLookupError:
        return


class Supervisor:
    """Runs processes until `stop`; use it in a `with` block so that nothing is left behind."""

    def __init__(
        self,
        processes: Iterable[Process],
        logs: Path,
        *,
        state_file: Path | None = None,
        told: Callable[[str, State], None] = lambda _name, _state: None,
    ) -> None:
        """Prepare the processes.

        Args:
            processes: what to run.
            logs: folder of the log files, one a process.
            state_file: kept true for others to read, as JSON.
            told: called at each change of a process's state.
        """
        self._entries = {process.name: _Entry(process, logs / f"{process.name}.log") for process in processes}
        unknown = {name for entry in self._entries.values() for name in entry.process.after} - self._entries.keys()
        if unknown:
            raise ValueError(f"processes wait for unknown ones: {sorted(unknown)}")
        self._state_file = state_file
        self._told = told
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="supervisor")

    def __enter__(self) -> Self:
        """Start everything; what has started is stopped again when that fails."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start all processes and wait until all are ready.

        Raises:
            DevError: one of them died at its start, or was not ready in time.
        """
        self._thread.start()
        if not self._settled.wait(seconds):
            slow = [entry for entry in self._entries.values() if entry.state not in (State.READY, State.DONE)]
            raise DevError(
                f"not ready after {seconds:g} s: {', '.join(entry.process.name for entry in slow)}; see logs"
            )
        if self._failure:
            raise DevError(self._failure)

    def stop(self) -> None:
        """Stop all processes, users before what they use, and wait until they are gone."""
        self._stopping.set()
        while self._thread.is_alive():
            try:
                self._thread.join()
            except KeyboardInterrupt:  # all of them are told already, and get little time
                continue

    def pid(self, name: str) -> int:
        """Process id of a running process.

        Raises:
            LookupError: it does not run.
        """
        handle = self._entries[name].handle
        if handle is None or handle.poll() is not None:
            raise LookupError(name)
        return handle.pid

    def kill(self, name: str) -> None:
        """Kill a process and all its children with SIGKILL, as a failure would; it is restarted."""
        self.signal(name, signal.SIGKILL)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and all its children.

        Raises:
            LookupError: it does not run.
        """
        _signal_group(self.pid(name), number)

    def keep_down(self, name: str) -> None:
        """Do not start a process again when it ends, before `let_up`."""
        self._entries[name].kept_down = True

    def let_up(self, name: str) -> None:
        """Let a process that is kept down start again."""
        self._entries[name].kept_down = False

    @property
    def whole(self) -> bool:
        """Whether everything is ready or done."""
        return all(entry.state in (State.READY, State.DONE) for entry in self._entries.values())

    def state(self, name: str) -> State:
        """State of a process."""
        return self._entries[name].state

    def restarts(self, name: str) -> int:
        """How often a process was started again after a crash."""
        return self._entries[name].restarts

    def states(self) -> dict[str, dict[str, str | int]]:
        """State of all processes, as JSON."""
        return {
            name: {
                "state": str(entry.state),
                "pid": entry.handle.pid if entry.handle and entry.handle.poll() is None else 0,
                "restarts": entry.restarts,
                "log": str(entry.log),
            }
            for name, entry in self._entries.items()
        }

    # What follows runs in the supervisor's own thread: children live as long as the thread that started them.

    def _run(self) -> None:
        try:
            while not self._stopping.wait(TICK):
                for entry in self._entries.values():
                    self._step(entry)
                if self.whole:
                    self._settled.set()
            while any(entry.state is not State.STOPPED for entry in self._entries.values()):
                for entry in self._entries.values():
                    self._step_down(entry)
                time.sleep(TICK / 2)
        finally:
            for entry in self._entries.values():
                entry.sweep()

    def _enter(self, entry: _Entry, state: State) -> None:
        entry.state = state
        self._told(entry.process.name, state)
        if self._state_file:
            fresh = self._state_file.with_suffix(".new")
            fresh.write_text(json.dumps(self.states(), indent=1))
            fresh.replace(self._state_file)

    def _step(self, entry: _Entry) -> None:
        match entry.state:
            case State.WAITING:
                if self._may_start(entry):
                    self._begin(entry)
            case State.STARTING | State.READY:
                code = entry.ended()
                if code is not None:
                    self._ended(entry, code)
                elif entry.state is State.STARTING and not entry.process.once and _is_ready(entry.process):
                    self._enter(entry, State.READY)
            case State.CRASHED:
                if time.monotonic() >= entry.start_again_at and not entry.kept_down:
                    entry.restarts += 1
                    self._begin(entry)
            case _:
                pass

    def _may_start(self, entry: _Entry) -> bool:
        return not self._failure and all(
            self._entries[name].state in (State.READY, State.DONE) for name in entry.process.after
        )

    def _begin(self, entry: _Entry) -> None:
        try:
            entry.start()
        except OSError as error:
            self._fail(f"cannot start {entry.process.name}: {error.strerror}: {error.filename}")
            entry.state = State.STOPPED
            return
        self._enter(entry, State.STARTING)

    def _ended(self, entry: _Entry, code: int) -> None:
        entry.sweep()
        if entry.process.once and code == 0:
            self._enter(entry, State.DONE)
            return
        self._enter(entry, State.CRASHED)
        if not self._settled.is_set():
            self._fail(
                f"{entry.process.name} ended with {code} at its start: {_last_line(entry.log)} — see {entry.log}"
            )
        if time.monotonic() - entry.started_at > SETTLED_SECONDS:
            entry.crashes = 0
        entry.start_again_at = time.monotonic() + min(FIRST_PAUSE * 2**entry.crashes, LONGEST_PAUSE)
        entry.crashes += 1

    def _fail(self, text: str) -> None:
        self._failure = self._failure or text
        self._settled.set()

    def _step_down(self, entry: _Entry) -> None:
        if entry.state is State.STOPPED:
            return
        if entry.handle is None or entry.ended() is not None:
            entry.sweep()
            self._enter(entry, State.STOPPED)
        elif entry.state is not State.STOPPING:
            users = (other for other in self._entries.values() if entry.process.name in other.process.after)
            if all(user.state is State.STOPPED for user in users):
                entry.stop_by = time.monotonic() + entry.process.stop_seconds
                self._enter(entry, State.STOPPING)
                entry.handle.terminate()
        elif time.monotonic() > entry.stop_by:
            entry.sweep()


def _is_ready(process: Process) -> bool:
    return process.ready is None or process.ready()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it wrote nothing"
