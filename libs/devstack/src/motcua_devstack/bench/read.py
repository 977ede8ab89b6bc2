"""Row `read`: a citizen reads a dossier; its limit is a bare handler that finds one document by its id."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from motcua.dossier.v1.dossier_pb2 import GetDossierRequest
from motcua_devstack.bench.calling import Supply, by_clients
from motcua_devstack.bench.clients import Calls
from motcua_devstack.bench.dossiers import dossiers
from motcua_devstack.bench.rows import Bench, Probe
from motcua_devstack.bench.servers import SERVICE, signed_in

TARGET = 0.70


def fill(_keep: contextlib.ExitStack, bench: Bench) -> tuple[Supply, Supply]:
    """See `calling.Fill`."""
    scene = dossiers(bench)
    requests = [GetDossierRequest(name=name).SerializeToString() for name in scene.names]

    def suite(_seconds: float) -> Calls:
        return Calls(scene.suite, f"{SERVICE}/GetDossier", requests, signed_in(scene.citizen))

    def limit(_seconds: float) -> Calls:
        return Calls(scene.bare, "/motcua.bench.Bare/GetDossier", requests)

    return suite, limit


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    return by_clients("read", fill, TARGET)
