"""The load driver against the running suite: what it has sent is there once, and it notices when something is not."""

import io
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from motcua.dossier.v1.dossier_pb2 import CreateDossierRequest, DeleteDossierRequest, Dossier
from motcua_devstack.demo import house
from motcua_devstack.demo.local import local_world
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.walk import Walk
from motcua_devstack.demo.world import World
from motcua_devstack.load.audit import Finding, audit
from motcua_devstack.load.client import marked
from motcua_devstack.load.driver import Plan, callers, drive
from motcua_devstack.load.ledger import CREATE, UPDATE, Entry, Ledger

COMMANDS = 12


@pytest.fixture
def world(main_job: MainJob, walk: Walk) -> Iterator[World]:
    assert walk.dossier
    outside = local_world(main_job.running, lambda channel: channel)
    yield outside
    outside.suite.close()


class EndingLedger(Ledger):
    """Ends the load after so many commands."""

    def __init__(self, stop: threading.Event) -> None:
        self.file = io.StringIO()
        super().__init__(self.file)
        self._stop = stop

    def add(self, entry: Entry) -> None:
        super().add(entry)
        if len(self.entries) >= COMMANDS:
            self._stop.set()


@pytest.mark.parametrize("kind", ["drafts", "reads"])
def test_everything_sent_is_there_once(world: World, kind: str) -> None:
    stop = threading.Event()
    ledger = EndingLedger(stop)
    figures = drive(world, Plan(clients=2, rate=0, kind=kind), ledger, stop)
    assert figures["failures"] == {}
    assert figures["sent"] == figures["acknowledged"] >= COMMANDS
    assert (figures["lost"], figures["doubled"]) == (0, 0)
    assert sum(figures["per_peer"].values()) == figures["acknowledged"]
    assert "" not in figures["per_peer"]
    written = [json.loads(line) for line in ledger.file.getvalue().splitlines()]
    assert len({entry["request_id"] for entry in written if entry["request_id"]}) == sum(
        entry["command"] != "read" for entry in written
    )


def entry(command: str, caller: str, request_id: str, resource: str, *, acknowledged: bool = True) -> Entry:
    time = datetime.now(UTC).isoformat() if acknowledged else ""
    return Entry(command, caller, request_id, resource, time, attempts=1, seconds=0.1)


def test_audit_sees_what_is_lost_and_what_is_doubled(world: World) -> None:
    begun = datetime.now(UTC)
    ((name, citizen),) = callers(world, 1).items()
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(3)]
    first, second, third = (
        citizen.dossiers.CreateDossier(
            CreateDossierRequest(
                dossier=Dossier(procedure=f"procedures/{house.PROCEDURE}", unit=house.WARD, form=marked(request_id))
            )
        ).name
        for request_id in (ids[0], ids[0], ids[1])
    )
    honest = (entry(CREATE, name, ids[0], first), entry(CREATE, name, ids[1], "", acknowledged=False))

    def finding(*entries: Entry) -> Finding:
        with ThreadPoolExecutor(2) as workers:
            return audit(entries, {name: citizen}, begun, workers)

    assert finding(*honest) == Finding(doubled=(second,), unanswered=1)
    citizen.dossiers.DeleteDossier(DeleteDossierRequest(name=second))
    assert finding(*honest) == Finding(unanswered=1)
    citizen.dossiers.DeleteDossier(DeleteDossierRequest(name=third))
    assert finding(*honest) == Finding()
    assert finding(*honest, entry(UPDATE, name, ids[2], first)) == Finding(lost=(f"{first} update",))
    citizen.dossiers.DeleteDossier(DeleteDossierRequest(name=first))
    assert finding(*honest) == Finding(lost=(first,))
