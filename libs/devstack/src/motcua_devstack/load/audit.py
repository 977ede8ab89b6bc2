"""Whether the suite holds what it has acknowledged: each command once, none twice, none missing."""

import itertools
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from motcua.dossier.v1.dossier_pb2 import Dossier, GetDossierRequest, GetTimelineRequest, ListDossiersRequest
from motcua_client import NotFound
from motcua_devstack.demo.people import PAGE, Citizen
from motcua_devstack.load.client import mark_of
from motcua_devstack.load.ledger import CREATE, Draft, Entry, drafts

UPDATE_ACTION = "UpdateDossier"
CLOCKS_APART = timedelta(minutes=1)
"""How far the clocks of driver and suite may be apart."""


@dataclass(frozen=True)
class Finding:
    """What the suite and the ledger do not agree on.

    Attributes:
        lost: acknowledged commands that left no trace.
        doubled: commands that happened more than once.
        unanswered: commands that happened although no answer came: they are neither lost nor doubled.
    """

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unanswered: int = 0

    def __add__(self, other: "Finding") -> "Finding":
        """Both findings together."""
        return Finding(self.lost + other.lost, self.doubled + other.doubled, self.unanswered + other.unanswered)


def audit(entries: tuple[Entry, ...], citizens: Mapping[str, Citizen], begun: datetime, workers: Executor) -> Finding:
    """Hold the suite to the ledger.

    Args:
        entries: the whole ledger.
        citizens: the callers, patient, by resource name.
        begun: when the first command was sent.
        workers: ask the suite side by side.
    """
    known = drafts(entries)
    changes = workers.map(lambda name: _changes(name, known[name], citizens[known[name].caller]), known)
    made = workers.map(lambda citizen: _drafts_since(citizen, begun), citizens.values())
    strangers = [(citizen, name) for citizen, names in zip(citizens.values(), made, strict=True) for name in names]
    requests = {entry.request_id: entry for entry in entries if entry.command == CREATE}
    extra = workers.map(
        lambda one: _stranger(one[1], one[0], requests), (one for one in strangers if one[1] not in known)
    )
    return sum((*changes, *extra), Finding())


def _changes(name: str, draft: Draft, citizen: Citizen) -> Finding:
    """Compare the history of a draft with what the ledger says."""
    try:
        entries = citizen.dossiers.GetTimeline(GetTimelineRequest(name=name)).entries
    except NotFound:
        return Finding(lost=(name,) * (1 + draft.updates))
    found = sum(entry.action == UPDATE_ACTION for entry in entries)
    most = draft.updates + draft.unanswered
    return Finding(
        lost=(f"{name} update",) * max(0, draft.updates - found),
        doubled=(f"{name} update",) * max(0, found - most),
        unanswered=max(0, min(found, most) - draft.updates),
    )


def _drafts_since(citizen: Citizen, begun: datetime) -> list[str]:
    """Names of the citizen's drafts made since a moment."""
    since = begun - CLOCKS_APART
    return [
        one.name
        for one in itertools.takewhile(lambda one: one.create_time.ToDatetime(UTC) >= since, _newest_first(citizen))
    ]


def _newest_first(citizen: Citizen) -> Iterator[Dossier]:
    token = ""
    while True:
        request = ListDossiersRequest(page_size=PAGE, page_token=token, state=Dossier.STATE_DRAFT)
        page = citizen.dossiers.ListDossiers(request)
        yield from page.dossiers
        token = page.next_page_token
        if not token:
            return


def _stranger(name: str, citizen: Citizen, requests: Mapping[str, Entry]) -> Finding:
    """Judge a draft that no answer named: it may come from an unanswered creation, be doubled, or be another's."""
    entry = requests.get(mark_of(citizen.dossiers.GetDossier(GetDossierRequest(name=name))))
    if entry is None:
        return Finding()
    return Finding(doubled=(name,)) if entry.acknowledged else Finding(unanswered=1)
