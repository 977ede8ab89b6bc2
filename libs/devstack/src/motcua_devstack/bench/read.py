"""Row `read`: a citizen reads a dossier; its limit is a bare handler that finds one document by its id."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from motcua.dossier.v1.dossier_pb2 import GetDossierRequest
from motcua_devstack.bench import population
from motcua_devstack.bench.calling import Supply, by_clients
from motcua_devstack.bench.clients import Calls
from motcua_devstack.bench.rows import Bench, Probe
from motcua_devstack.bench.servers import SERVICE, bare_server, dossier_server, signed_in, store, world_with
from motcua_devstack.demo.walk import APPLICANT

DATABASE = "bench_read"
DOSSIERS = 500
TARGET = 0.70


def fill(keep: contextlib.ExitStack, bench: Bench) -> tuple[Supply, Supply]:
    """See `calling.Fill`."""
    address = keep.enter_context(dossier_server(bench, DATABASE))
    citizen = keep.enter_context(world_with(bench, address)).citizen(APPLICANT)
    documents = keep.enter_context(contextlib.closing(store(bench, DATABASE)))
    dossier = population.draft(citizen)
    names = population.fill(documents, population.copies(population.stored(documents, dossier)), DOSSIERS)
    bare = keep.enter_context(bare_server(bench, DATABASE, dossier))
    requests = [GetDossierRequest(name=name).SerializeToString() for name in names]

    def suite(_seconds: float) -> Calls:
        return Calls(address, f"{SERVICE}/GetDossier", requests, signed_in(citizen))

    def limit(_seconds: float) -> Calls:
        return Calls(bare, "/motcua.bench.Bare/GetDossier", requests)

    return suite, limit


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    return by_clients("read", fill, TARGET)
