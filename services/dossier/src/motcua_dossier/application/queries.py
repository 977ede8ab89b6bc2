"""Reads of dossiers: one, lists, queues, timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from motcua_dossier.application.ports import AccessLog, Repository
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.names import NameSearch
from motcua_dossier.domain.states import State
from motcua_kit.access import Access
from motcua_kit.store import HistoryEntry, Page


@dataclass(frozen=True)
class QueueFilter:
    """What a queue is narrowed to."""

    role: str = ""
    handler: str = ""
    due_before: datetime | None = None


EXACT, ALL = "exact", "all"
"""Stages of a search."""

MOST_READS = 8
"""Reads for one page of a search: where most of what a word finds does not match the others, a page is shorter."""


@dataclass(frozen=True)
class Queries:
    """Queries on dossiers."""

    dossiers: Repository[Dossier]
    log: AccessLog

    def get(self, access: Access, identity: str) -> Dossier:
        """Return a dossier; the read is noted unless the applicant reads their own.

        Raises:
            NotFound: there is none that the caller may see.
        """
        dossier = self.dossiers.get(identity)
        access.check(
            owner=dossier.applicant, unit=dossier.unit, assignee=dossier.handler, resource=f"dossiers/{identity}"
        )
        self.log.record_call(
            person=dossier.applicant,
            purpose="dossier.read",
            resource=f"dossiers/{identity}",
            fields=["applicant_name", "form"],
        )
        return dossier

    def page(self, access: Access, page: Page, *, state: State | None, code: str) -> tuple[list[Dossier], str]:
        """Return a page of the dossiers that the caller may see, newest first."""
        query: dict[str, Any] = access.filter(owner="applicant", unit="unit", assignee="handler")
        if state is not None:
            query = {**query, "state": state.value}
        if code:
            query = {**query, "code": code}
        return self.dossiers.page(query, [("create_time", -1)], page)

    def queue(self, access: Access, unit: str, page: Page, narrowed: QueueFilter) -> tuple[list[Dossier], str]:
        """Return a page of the open dossiers of a unit, the most urgent first.

        Raises:
            NotFound: the unit is not one of the caller's.
        """
        access.check(unit=unit, resource=unit)
        query: dict[str, Any] = {"unit": unit, "waits_for": narrowed.role or {"$gt": ""}}
        if narrowed.handler:
            query["handler"] = narrowed.handler
        if narrowed.due_before is not None:
            query["queue_time"] = {"$lt": narrowed.due_before}
        return self.dossiers.page(query, [("queue_time", 1)], page)

    def search(self, access: Access, unit: str, text: str, page: Page) -> tuple[list[Dossier], str]:
        """Return a page of the dossiers of a unit whose applicant has such a name.

        First those whose name has the words as they were written, when they have tones, then all others; each the
        newest first. A page may be shorter than asked for, and is the last only when there is no token.

        Raises:
            NotFound: the unit is not one of the caller's.
            ValidationFailed: too little is asked for, or the page token is not valid for this call.
        """
        access.check(unit=unit, resource=unit)
        wanted = NameSearch.of(text)
        stages = {stage: term for stage, term in ((EXACT, wanted.exact_term), (ALL, wanted.term)) if term}
        stage, _, token = page.token.partition(".")
        if stage not in stages:
            stage, token = next(iter(stages)), page.token
        found: list[Dossier] = []
        for _ in range(MOST_READS):
            part = Page(page.limit - len(found), token, f"{page.scope}/{stage}")
            query = {"unit": unit, "terms": stages[stage]}
            read, token = self.dossiers.page(query, [("create_time", -1)], part)
            found += [one for one in read if _belongs(wanted, stage, one.applicant_name)]
            if not token:
                if stage == ALL:
                    return found, ""
                stage = ALL
            if len(found) == page.limit:
                break
        return found, f"{stage}.{token}"

    def timeline(self, access: Access, identity: str) -> list[HistoryEntry]:
        """Return what happened to a dossier, oldest first.

        Raises:
            NotFound: there is none that the caller may see.
        """
        dossier = self.dossiers.get(identity)
        access.check(
            owner=dossier.applicant, unit=dossier.unit, assignee=dossier.handler, resource=f"dossiers/{identity}"
        )
        return self.dossiers.history(identity)


def _belongs(wanted: NameSearch, stage: str, name: str) -> bool:
    """Tell whether a name belongs to a stage of a search; what is exact comes once."""
    if stage == EXACT:
        return wanted.is_exact(name)
    return wanted.matches(name) and not wanted.is_exact(name)
