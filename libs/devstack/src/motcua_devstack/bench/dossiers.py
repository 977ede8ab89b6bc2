"""Two servers with the same dossiers, which the rows on single calls share: a dossier service and a bare one.

Each has a database of its own, full of copies of one draft. Nobody relays what happens in them.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import islice

from motcua.dossier.v1.dossier_pb2 import Dossier
from motcua_devstack.bench import population
from motcua_devstack.bench.rows import Bench
from motcua_devstack.bench.servers import bare_server, dossier_server, store, world_with
from motcua_devstack.demo.people import Citizen
from motcua_devstack.demo.walk import APPLICANT
from motcua_kit.store import Store

SUITE, BARE = "bench", "bench_bare"
DRAFTS, QUICK_DRAFTS = 2_000, 300
"""So many that a draft is changed a few times only, as people do."""


@dataclass(frozen=True)
class Dossiers:
    """The servers and what is in them.

    Attributes:
        suite: `host:port` of the dossier service.
        bare: `host:port` of the bare server.
        documents: database of the dossier service.
        others: database of the bare server.
        citizen: whose drafts they are.
        draft: the one that all are copies of.
        names: of the drafts; the same in both.
    """

    suite: str
    bare: str
    documents: Store
    others: Store
    citizen: Citizen
    draft: Dossier
    names: list[str]


def dossiers(bench: Bench) -> Dossiers:
    """The servers of this run; they are started for the first who asks."""
    return bench.shared.get(_started, bench)


def _started(keep: contextlib.ExitStack, bench: Bench) -> Dossiers:
    suite = keep.enter_context(dossier_server(bench, SUITE))
    citizen = keep.enter_context(world_with(bench, suite)).citizen(APPLICANT)
    documents = keep.enter_context(contextlib.closing(store(bench, SUITE)))
    others = keep.enter_context(contextlib.closing(store(bench, BARE)))
    draft = population.draft(citizen)
    bare = keep.enter_context(bare_server(bench, BARE, draft))
    wanted = QUICK_DRAFTS if bench.quick else DRAFTS
    drafts = list(islice(population.copies(population.stored(documents, draft)), wanted))
    names = population.fill(documents, iter(drafts), wanted)
    population.fill(others, iter(drafts), wanted)
    return Dossiers(suite, bare, documents, others, citizen, draft, names)
