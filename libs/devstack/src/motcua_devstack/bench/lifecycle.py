"""Row `lifecycle`: whole lives a second, several at once; the limit makes only the store operations of such a life."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from motcua.dossier.v1.dossier_pb2 import DeleteDossierRequest, Dossier
from motcua.permits.v1.application_pb2 import Condition, Decision, PermitApplication
from motcua_devstack import cast
from motcua_devstack.bench import population
from motcua_devstack.bench.rows import Bench, Better, Probe, Sample
from motcua_devstack.bench.servers import DOSSIERS, MAIN_DATABASE, dossier_server, store, world, world_with
from motcua_devstack.bench.stores import PUT, BareStores, operations
from motcua_devstack.demo import house, people, scenes
from motcua_devstack.demo.walk import APPLICANT, eventually
from motcua_devstack.demo.world import World

AT_ONCE = 4
DRAFTS, QUICK_DRAFTS = 40, 8
PERMITS, QUICK_PERMITS = 4, 2
"""Lives a sample."""

TARGET = 0.5
ENOUGH = 20
"""Lives a second that the City's peak needs, where the stores allow them."""
DATABASE = "bench_lives"

Life = Callable[[], None]
"""One life, from its first call to its end."""


@dataclass
class Living:
    """Probe: lives of one kind.

    Attributes:
        begin: signs in who takes part, and gives the life and the database that its dossier is in.
        quick: lives a sample, when little is asked for.
        full: lives a sample otherwise.
        uploads: files that a client sends to the object store itself, without a span.
        target: see `Probe`; none is asked of lives with documents, which render and sign what no store does.
        enough: see `Sufficient`.
    """

    name: str
    begin: Callable[[contextlib.ExitStack, Bench], tuple[Life, str]]
    quick: int
    full: int
    uploads: int = 0
    unit: str = "lives/s"
    better: Better = Better.HIGHER
    target: float | None = None
    enough: float | None = None

    def __post_init__(self) -> None:
        self._keep = contextlib.ExitStack()
        self._counts: Counter[str] = Counter()

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`. The first life finds nothing warm, the second is counted."""
        self._lives = self.quick if bench.quick else self.full
        self._workers = self._keep.enter_context(ThreadPoolExecutor(AT_ONCE))
        self._life, database = self.begin(self._keep, bench)
        self._life()
        begun = time.time()
        self._life()
        self._counts = operations(bench, begun)
        self._counts[PUT] += self.uploads
        bench.say(f"  store operations of a life: {dict(self._counts)}")
        with contextlib.closing(store(bench, database)) as documents:
            largest = documents.collection(DOSSIERS).find_one({}, sort=[("version", -1)])
        paper = house.paper(house.COMMITMENT, house.PAPERS[house.COMMITMENT])
        stores = BareStores(bench, dict(largest or {}), paper.content)
        self._stores = self._keep.enter_context(contextlib.closing(stores))

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        return self._timed(self._life)

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        return self._timed(lambda: self._stores.run(self._counts))

    def close(self) -> None:
        """See `Probe.close`."""
        self._keep.close()

    def _timed(self, life: Callable[[], object]) -> Sample:
        begun = time.perf_counter()
        for each in [self._workers.submit(life) for _ in range(self._lives)]:
            each.result()
        return Sample(self._lives / (time.perf_counter() - begun))


def drafts(keep: contextlib.ExitStack, bench: Bench) -> tuple[Life, str]:
    """A draft that is begun, filled in, read and thrown away: nothing is uploaded, rendered or signed.

    Every procedure asks for papers, so that a life that goes further has documents.
    """
    own = keep.enter_context(dossier_server(bench, DATABASE, {"TRACE_READS": "1"}))  # they are counted
    citizen = keep.enter_context(world_with(bench, own)).citizen(APPLICANT)

    population.draft(citizen)  # one that stays shows how large they are

    def life() -> None:
        draft = citizen.fill_in(citizen.start(house.PROCEDURE, house.WARD), house.HOUSE)
        read = citizen.dossier(draft.name)
        citizen.dossiers.DeleteDossier(DeleteDossierRequest(name=draft.name, etag=read.etag))

    return life, DATABASE


def permits(keep: contextlib.ExitStack, bench: Bench) -> tuple[Life, str]:
    """A building permit from the first draft to the result in the applicant's hands, all services and stores."""
    suite = keep.enter_context(world(bench))
    citizen = suite.citizen(APPLICANT)
    officers = _Officers(suite)
    files = {code: house.paper(code, title) for code, title in house.PAPERS.items()}

    def life() -> None:
        name = citizen.submit(scenes.drafted(citizen, files).name).name
        officers.grant(name)
        scenes.wait_for_dossier(citizen, name, Dossier.STATE_RETURNED)

    return life, MAIN_DATABASE


class _Officers:
    """Who receives, handles and decides."""

    def __init__(self, suite: World) -> None:
        self._reception = suite.officer(people.ReceptionOfficer, cast.RECEPTION)
        self._handler = suite.officer(people.Handler, cast.HANDLER)
        self._leader = suite.officer(people.Leader, cast.LEADER)

    def grant(self, dossier: str) -> None:
        """Accept the dossier, find all conditions met and grant the permit."""
        self._reception.accept(dossier)
        (application,) = eventually(
            lambda: self._handler.applications_of(house.WARD, dossier),
            lambda found: bool(found) and found[0].state == PermitApplication.STATE_UNDER_REVIEW,
            "the application to be under review",
        )
        open_ones = [one.code for one in application.checklist if one.outcome != Condition.OUTCOME_NOT_APPLICABLE]
        self._handler.review(application.name, dict.fromkeys(open_ones, Condition.OUTCOME_MET))
        self._handler.propose(application.name, Decision.OUTCOME_GRANT, "Hồ sơ đủ điều kiện cấp giấy phép.")
        self._leader.approve(application.name)


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    return [
        Living("lifecycle of drafts", drafts, QUICK_DRAFTS, DRAFTS, target=TARGET, enough=ENOUGH),
        Living("lifecycle of permits", permits, QUICK_PERMITS, PERMITS, uploads=len(house.PAPERS)),
    ]
