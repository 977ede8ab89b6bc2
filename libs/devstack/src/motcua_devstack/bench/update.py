"""Row `update`: a citizen changes the form of a draft, which has no consequences.

Its limit is a bare handler with one compare-and-set of the same state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from motcua.dossier.v1.dossier_pb2 import Dossier, UpdateDossierRequest
from motcua_devstack.bench import population
from motcua_devstack.bench.calling import Supply, by_clients
from motcua_devstack.bench.clients import Calls
from motcua_devstack.bench.rows import Bench, Probe
from motcua_devstack.bench.servers import SERVICE, bare_server, dossier_server, signed_in, store, world_with
from motcua_devstack.demo.walk import APPLICANT

DATABASE, BARE = "bench_update", "bench_update_bare"
DRAFTS, QUICK_DRAFTS = 2_000, 300
"""So many that a draft is changed a few times only, as people do."""
TARGET = 0.60


def fill(keep: contextlib.ExitStack, bench: Bench) -> tuple[Supply, Supply]:
    """See `calling.Fill`."""
    address = keep.enter_context(dossier_server(bench, DATABASE))
    citizen = keep.enter_context(world_with(bench, address)).citizen(APPLICANT)
    documents = keep.enter_context(contextlib.closing(store(bench, DATABASE)))
    others = keep.enter_context(contextlib.closing(store(bench, BARE)))
    dossier = population.draft(citizen)
    drafts = population.copies(population.stored(documents, dossier))
    wanted = QUICK_DRAFTS if bench.quick else DRAFTS
    names = population.fill(documents, drafts, wanted)
    population.fill(others, drafts, wanted)
    bare = keep.enter_context(bare_server(bench, BARE, dossier))
    requests = [_request(name, dossier).SerializeToString() for name in names]
    request_id = UpdateDossierRequest.DESCRIPTOR.fields_by_name["request_id"].number

    def suite(_seconds: float) -> Calls:
        return Calls(address, f"{SERVICE}/UpdateDossier", requests, signed_in(citizen), request_id)

    def limit(_seconds: float) -> Calls:
        return Calls(bare, "/motcua.bench.Bare/UpdateDossier", requests, request_id_field=request_id)

    return suite, limit


def _request(name: str, dossier: Dossier) -> UpdateDossierRequest:
    request = UpdateDossierRequest(dossier=Dossier(name=name, form=dossier.form))
    request.update_mask.paths.append("form")
    return request


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    return by_clients("update", fill, TARGET)
