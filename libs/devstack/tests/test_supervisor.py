"""The supervisor with real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from motcua_client import wait_for
from motcua_devstack.errors import DevError
from motcua_devstack.probes import log_line
from motcua_devstack.supervisor import Process, State, Supervisor

Script = Callable[..., Process]
LASTING = "import signal; print('up', flush=True); signal.pause()"


def lasting(name: str, *after: str) -> Process:
    return Process(name=name, command=(sys.executable, "-c", LASTING), after=after)


def script(name: str, source: str, *, once: bool = False, after: tuple[str, ...] = ()) -> Process:
    return Process(name=name, command=(sys.executable, "-c", source), once=once, after=after)


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_starts_in_order_and_leaves_nothing(tmp_path: Path) -> None:
    told: list[tuple[str, State]] = []
    processes = [
        lasting("service", "migrate"),
        script("migrate", "print('done')", once=True, after=("server",)),
        lasting("server"),
    ]
    with Supervisor(processes, tmp_path, told=lambda name, state: told.append((name, state))) as supervisor:
        ids = [supervisor.pid("server"), supervisor.pid("service")]
        assert all(is_alive(one) for one in ids)
    assert [entry for entry in told if entry[1] in (State.READY, State.DONE)] == [
        ("server", State.READY),
        ("migrate", State.DONE),
        ("service", State.READY),
    ]
    stopped = [name for name, state in told if state is State.STOPPED]
    assert stopped.index("service") < stopped.index("server"), "users stop before what they use"
    assert not any(is_alive(one) for one in ids)


def test_death_at_start_is_one_clear_line_and_stops_the_rest(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('port 1 is taken')")
    broken = Process(name="broken", command=command, after=("server",), ready=lambda: False)
    processes = [lasting("server"), broken]
    supervisor = Supervisor(processes, tmp_path)
    with pytest.raises(DevError, match=r"broken ended with 1 at its start: port 1 is taken"), supervisor:
        pass
    assert supervisor.state("server") is State.STOPPED


def test_killed_process_is_started_again(tmp_path: Path) -> None:
    with Supervisor([lasting("service")], tmp_path) as supervisor:
        first = supervisor.pid("service")
        supervisor.kill("service")
        wait_for(lambda: supervisor.restarts("service"), lambda count: count == 1, seconds=10)
        wait_for(lambda: supervisor.state("service"), lambda state: state is State.READY, seconds=10)
        assert supervisor.pid("service") != first


def test_children_of_a_process_go_with_it(tmp_path: Path) -> None:
    source = (
        "import subprocess, sys, signal; "
        f"print(subprocess.Popen([sys.executable, '-c', {LASTING!r}]).pid, flush=True); signal.pause()"
    )
    with Supervisor([script("parent", source)], tmp_path) as supervisor:
        child = int(wait_for(lambda: first_line(tmp_path / "parent.log"), bool, seconds=10))
        assert is_alive(child)
        supervisor.kill("parent")
        wait_for(lambda: is_alive(child), lambda alive: not alive, seconds=10)


def test_nothing_survives_a_killed_supervisor(tmp_path: Path) -> None:
    source = f"""
import signal, sys
from pathlib import Path
from motcua_devstack.supervisor import Process, Supervisor
process = Process(name="service", command=(sys.executable, "-c", {LASTING!r}))
with Supervisor([process], Path({str(tmp_path)!r})) as supervisor:
    print(supervisor.pid("service"), flush=True)
    signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        child = int(owner.stdout.readline())
        assert is_alive(child)
        owner.send_signal(signal.SIGKILL)
    wait_for(lambda: is_alive(child), lambda alive: not alive, seconds=10)


def test_deaf_process_is_killed_in_the_end(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    ready = log_line(tmp_path / "deaf.log", "up")
    process = Process(name="deaf", command=(sys.executable, "-c", deaf), ready=ready, stop_seconds=0.2)
    with Supervisor([process], tmp_path) as supervisor:
        process_id = supervisor.pid("deaf")
    assert not is_alive(process_id)


def test_unknown_dependency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        Supervisor([lasting("service", "nowhere")], tmp_path)


def first_line(file: Path) -> str:
    return file.read_text().partition("\n")[0] if file.exists() else ""


def test_what_is_kept_down_stays_down_until_it_is_let_up(tmp_path: Path) -> None:
    with Supervisor([lasting("server")], tmp_path) as supervisor:
        supervisor.keep_down("server")
        supervisor.kill("server")
        wait_for(lambda: supervisor.state("server"), lambda state: state is State.CRASHED)
        assert not supervisor.whole
        supervisor.let_up("server")
        wait_for(lambda: supervisor.whole, bool)
        assert supervisor.restarts("server") == 1
