"""`./dev bench`: how handled events are noted."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest

from motcua_devstack.bench import event_service
from motcua_devstack.bench.handled import Handled, Handling
from motcua_devstack.errors import DevError
from motcua_kit.topology import Topology


def test_handled_events_are_heard_of_from_several_writers(tmp_path: Path) -> None:
    ids = [f"things/{number}#1.0" for number in range(3_000)]
    with contextlib.closing(Handled(tmp_path / "pipe")) as handled:

        def work(mine: list[str]) -> None:
            handling = Handling(str(tmp_path / "pipe"))
            for one in mine:
                handling.note(one)

        writers = [threading.Thread(target=work, args=(ids[first::3],)) for first in range(3)]
        for writer in writers:
            writer.start()
        handled.wait_for(ids, 30)
        for writer in writers:
            writer.join()


def test_an_event_that_is_not_handled_is_told(tmp_path: Path) -> None:
    with contextlib.closing(Handled(tmp_path / "pipe")) as handled:
        Handling(str(tmp_path / "pipe")).note("a")
        with pytest.raises(DevError, match="1 of 2 events"):
            handled.wait_for(["a", "b"], 0.2)


def test_the_wiring_of_the_measured_service_is_one_that_its_worker_takes(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    event_service.write_topology(file)
    topology = Topology.load(file)
    assert topology.tasks_of(event_service.NAME).keys() == {event_service.TASK}
    assert topology.services == {event_service.NAME}
