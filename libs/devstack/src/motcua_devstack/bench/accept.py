"""Row `accept`: an officer accepts dossiers; its limit is a bare handler with one compare-and-set of the same state.

What follows an acceptance (the slip, the permit application, the messages) is not in it: nobody relays these events.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from motcua.dossier.v1.dossier_pb2 import AcceptDossierRequest
from motcua_devstack import cast
from motcua_devstack.bench import population
from motcua_devstack.bench.calling import Supply, by_clients
from motcua_devstack.bench.clients import Calls
from motcua_devstack.bench.dossiers import dossiers
from motcua_devstack.bench.rows import Bench, Probe
from motcua_devstack.bench.servers import MAIN_DATABASE, SERVICE, signed_in, store, world
from motcua_devstack.demo import people
from motcua_devstack.demo.walk import APPLICANT

RATE = 150
"""Dossiers that are laid ready for each second of a sample; when all are accepted, the sample is over."""
FEWEST = 64
TARGET = 0.60
REQUEST_ID = AcceptDossierRequest.DESCRIPTOR.fields_by_name["request_id"].number


def fill(keep: contextlib.ExitStack, bench: Bench) -> tuple[Supply, Supply]:
    """See `calling.Fill`."""
    scene = dossiers(bench)
    outside = keep.enter_context(world(bench))
    officer = outside.officer(people.ReceptionOfficer, cast.RECEPTION)
    bench.say("  submitting a dossier")
    dossier = population.submitted(outside.citizen(APPLICANT))
    with contextlib.closing(store(bench, MAIN_DATABASE)) as main:
        submitted = population.copies(population.stored(main, dossier))
    population.fill(scene.others, submitted, FEWEST * 4)

    def suite(seconds: float) -> Calls:
        names = population.fill(scene.documents, submitted, max(FEWEST, round(seconds * RATE)))
        requests = [AcceptDossierRequest(name=name).SerializeToString() for name in names]
        return Calls(scene.suite, f"{SERVICE}/AcceptDossier", requests, signed_in(officer), REQUEST_ID, once=True)

    def limit(_seconds: float) -> Calls:
        requests = [AcceptDossierRequest(name=dossier.name).SerializeToString()]
        return Calls(scene.bare, "/motcua.bench.Bare/AcceptDossier", requests, request_id_field=REQUEST_ID)

    return suite, limit


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    return by_clients("accept", fill, TARGET)
