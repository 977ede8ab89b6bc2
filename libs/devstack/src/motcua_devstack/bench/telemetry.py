"""Row `telemetry`: what spans cost. The suite sends them as always; its limit is the same server that makes none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from motcua.dossier.v1.dossier_pb2 import Dossier, GetDossierRequest, UpdateDossierRequest
from motcua_devstack.bench.calling import Calling, Fill, Scene, Supply
from motcua_devstack.bench.clients import Calls
from motcua_devstack.bench.dossiers import SUITE, dossiers
from motcua_devstack.bench.rows import Bench, Probe
from motcua_devstack.bench.servers import SERVICE, dossier_server, signed_in
from motcua_devstack.stack import OTLP_ENDPOINT

CLIENTS = 8
TARGET = 0.85
OFF = {"OTEL_SDK_DISABLED": "true", OTLP_ENDPOINT: ""}

Ask = Callable[[str, Dossier], bytes]
"""Makes a request about a draft, from its name and from the draft that all are copies of."""


def calling(method: str, ask: Ask, request_id_field: int = 0) -> Fill:
    """What calls one method of both servers, which share a database."""

    def fill(_keep: contextlib.ExitStack, bench: Bench) -> tuple[Supply, Supply]:
        scene = dossiers(bench)
        quiet = bench.shared.get(_quiet, bench)
        requests = [ask(name, scene.draft) for name in scene.names]

        def calls(address: str) -> Supply:
            return lambda _seconds: Calls(
                address, f"{SERVICE}/{method}", requests, signed_in(scene.citizen), request_id_field
            )

        return calls(scene.suite), calls(quiet)

    return fill


def _quiet(keep: contextlib.ExitStack, bench: Bench) -> str:
    """A server that makes no spans, on the same database."""
    return keep.enter_context(dossier_server(bench, SUITE, OFF, name=f"{SUITE}-quiet"))


def _read(name: str, _draft: Dossier) -> bytes:
    return GetDossierRequest(name=name).SerializeToString()


def _write(name: str, draft: Dossier) -> bytes:
    request = UpdateDossierRequest(dossier=Dossier(name=name, form=draft.form))
    request.update_mask.paths.append("form")
    return request.SerializeToString()


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    request_id = UpdateDossierRequest.DESCRIPTOR.fields_by_name["request_id"].number
    return [
        Calling(f"telemetry {name}", Scene(fill), CLIENTS, TARGET)
        for name, fill in (
            ("read", calling("GetDossier", _read)),
            ("write", calling("UpdateDossier", _write, request_id)),
        )
    ]
