"""Client processes and bare servers of `./dev bench`, without the suite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from motcua.dossier.v1.dossier_pb2 import Dossier, GetDossierRequest, UpdateDossierRequest
from motcua_devstack.bench import population
from motcua_devstack.bench.clients import Calls, ClientProcesses
from motcua_devstack.bench.rows import Bench
from motcua_devstack.bench.servers import bare_server, store
from motcua_devstack.embedded import EmbeddedServers
from motcua_devstack.errors import DevError

DATABASE = "bench_test"
DOCUMENT = {
    "_id": "1",
    "version": 1,
    "created_by": "an|CreateDossier|1",
    "code": "",
    "unit": "units/1",
    "applicant_name": "NGUYỄN THỊ AN",
    "outbox": [],
    "state": Dossier.STATE_DRAFT,
}
SECONDS = 0.3


@pytest.fixture
def bench(embedded_servers: EmbeddedServers, tmp_path: Path) -> Bench:
    """What a probe works with, of which there are servers only."""
    settings = {**embedded_servers.environment(), "PROFILE": "local"}
    running = SimpleNamespace(
        addresses=SimpleNamespace(mongodb_uri=embedded_servers.mongodb_uri),
        settings=lambda _service: settings,
        stack=SimpleNamespace(given={"MONGODB_URI": embedded_servers.mongodb_uri}),
    )
    return Bench(cast("Any", running), tmp_path, quick=True, seconds=SECONDS, sizes=(), say=print)


@pytest.fixture
def clients() -> Iterator[ClientProcesses]:
    with ClientProcesses() as processes:
        yield processes


def test_clients_read_and_change_through_a_bare_server(bench: Bench, clients: ClientProcesses) -> None:
    with closing(store(bench, DATABASE)) as documents:
        names = population.fill(documents, population.copies(DOCUMENT), 20)
        with bare_server(bench, DATABASE, Dossier(name="dossiers/1")) as address:
            reads = [GetDossierRequest(name=name).SerializeToString() for name in names]
            read = clients.run(Calls(address, "/motcua.bench.Bare/GetDossier", reads), 3, SECONDS)
            assert read.value > 0
            assert list(read.details) == ["p50 ms", "p95 ms", "p99 ms"]
            changes = [UpdateDossierRequest(dossier=Dossier(name=name)).SerializeToString() for name in names[:8]]
            calls = Calls(address, "/motcua.bench.Bare/UpdateDossier", changes, request_id_field=3, once=True)
            assert clients.run(calls, 2, 10 * SECONDS).value > 0
            versions = [document["version"] for document in documents.collection("dossiers").find()]
            assert sum(versions) == 20 + 8  # each of eight requests was sent once
            missing = [GetDossierRequest(name="dossiers/none").SerializeToString()]
            with pytest.raises(DevError, match="NOT_FOUND"):
                clients.run(Calls(address, "/motcua.bench.Bare/GetDossier", missing), 2, SECONDS)
            assert clients.run(Calls(address, "/motcua.bench.Bare/GetDossier", reads), 1, SECONDS).value > 0
        assert DATABASE not in documents.client.list_database_names()
