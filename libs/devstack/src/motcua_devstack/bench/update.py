"""Row `update`: a citizen changes the form of a draft, which has no consequences.

Its limit is a bare handler with one compare-and-set of the same state.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from motcua.dossier.v1.dossier_pb2 import Dossier, UpdateDossierRequest
from motcua_devstack.bench.calling import Supply, by_clients
from motcua_devstack.bench.clients import Calls
from motcua_devstack.bench.dossiers import dossiers
from motcua_devstack.bench.rows import Bench, Probe
from motcua_devstack.bench.servers import SERVICE, signed_in

TARGET = 0.60
REQUEST_ID = UpdateDossierRequest.DESCRIPTOR.fields_by_name["request_id"].number


def fill(_keep: contextlib.ExitStack, bench: Bench) -> tuple[Supply, Supply]:
    """See `calling.Fill`."""
    scene = dossiers(bench)
    requests = [_request(name, scene.draft).SerializeToString() for name in scene.names]

    def suite(_seconds: float) -> Calls:
        return Calls(scene.suite, f"{SERVICE}/UpdateDossier", requests, signed_in(scene.citizen), REQUEST_ID)

    def limit(_seconds: float) -> Calls:
        return Calls(scene.bare, "/motcua.bench.Bare/UpdateDossier", requests, request_id_field=REQUEST_ID)

    return suite, limit


def _request(name: str, dossier: Dossier) -> UpdateDossierRequest:
    request = UpdateDossierRequest(dossier=Dossier(name=name, form=dossier.form))
    request.update_mask.paths.append("form")
    return request


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    return by_clients("update", fill, TARGET)
