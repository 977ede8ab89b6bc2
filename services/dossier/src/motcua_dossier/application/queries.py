"""Reads of dossiers: one, lists, queues, timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from motcua_dossier.application.ports import AccessLog, Repository
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.states import State
from motcua_kit.access import Access
from motcua_kit.store import HistoryEntry, Page


@dataclass(frozen=True)
class QueueFilter:
    """What a queue is narrowed to."""

    role: str = ""
    handler: str = ""
    due_before: datetime | None = None


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
