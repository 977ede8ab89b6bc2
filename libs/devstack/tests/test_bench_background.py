"""`./dev bench`: how handled events are noted, and how store operations are counted and made."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest

from motcua_devstack.bench import event_service
from motcua_devstack.bench.handled import Handled, Handling
from motcua_devstack.bench.stores import FIND, GET, INSERT, MESSAGE, PUT, UPDATE, _counted
from motcua_devstack.errors import DevError
from motcua_kit.topology import Topology

STORE = "http://127.0.0.1:8333"


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


def span(name: str, kind: str = "client", **attributes: str) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "attributes": {key.replace("_", "."): value for key, value in attributes.items()},
    }


def test_store_operations_are_counted_by_kind() -> None:
    spans = [
        span("motcua_dossier.find", db_system="mongodb"),
        span("motcua_dossier.aggregate", db_system="mongodb"),
        span("motcua_dossier.update", db_system="mongodb"),
        span("motcua_notify.insert", db_system="mongodb"),
        span("apply_async/notify.tell", "producer"),
        span("run/notify.tell", "consumer"),
        span("PUT", http_method="PUT", http_url=f"{STORE}/motcua-dossier/x"),
        span("GET", http_method="GET", http_url=f"{STORE}/motcua-dossier/x"),
        span("POST", http_method="POST", http_url="http://127.0.0.1:8025/messages"),
        span("GET", "server", http_method="GET", http_url=f"{STORE}/motcua-dossier/x"),
        span("/motcua.dossier.v1.DossierService/GetDossier", "server", rpc_system="grpc"),
    ]
    assert _counted(spans, STORE) == {FIND: 2, UPDATE: 1, INSERT: 1, MESSAGE: 1, PUT: 1, GET: 1}


def test_the_wiring_of_the_measured_service_is_one_that_its_worker_takes(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    event_service.write_topology(file)
    topology = Topology.load(file)
    assert topology.tasks_of(event_service.NAME).keys() == {event_service.TASK}
    assert topology.services == {event_service.NAME}
