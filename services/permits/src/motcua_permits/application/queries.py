"""Reads: one application, queues, permits, public verification."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from motcua_kit.access import Access
from motcua_kit.domain import NotFound
from motcua_kit.store.paging import Page
from motcua_permits.application.ports import AccessLog, Applications, Permits
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.permit import Permit, normalised
from motcua_permits.domain.states import AwaitedRole

APPLICATION_FIELDS = ("proposal", "parcel", "decision")
PERMIT_FIELDS = ("work", "parcel", "document_sha256")


@dataclass(frozen=True)
class QueueFilter:
    """Which applications a list is about; empty parts do not limit it."""

    unit: str = ""
    awaited_role: AwaitedRole = AwaitedRole.UNSPECIFIED
    handler: str = ""
    dossier: str = ""
    due_before: datetime | None = None


class Queries:
    """Answers questions and changes nothing."""

    def __init__(self, applications: Applications, permits: Permits, access_log: AccessLog) -> None:
        self._applications = applications
        self._permits = permits
        self._access_log = access_log

    def application(self, access: Access, application_id: str) -> PermitApplication:
        """Return one application; the applicant can see who read it."""
        application = self._applications.get(application_id)
        access.check(
            owner=application.applicant,
            unit=application.unit,
            assignee=application.handler,
            resource=application.name,
        )
        self._access_log.record_call(
            person=application.applicant,
            purpose="permit_appraisal",
            resource=application.name,
            fields=APPLICATION_FIELDS,
        )
        return application

    def queue(self, access: Access, wanted: QueueFilter, page: Page) -> tuple[list[PermitApplication], str]:
        """Return applications, the earliest due first."""
        query: list[dict[str, Any]] = [access.filter(owner="applicant", unit="unit", assignee="handler")]
        if wanted.awaited_role is not AwaitedRole.UNSPECIFIED:
            query.append({"awaited_role": wanted.awaited_role.value})
        if wanted.due_before is not None:
            query.append({"due_time": {"$lt": wanted.due_before}})
        query += [{name: getattr(wanted, name)} for name in ("unit", "handler", "dossier") if getattr(wanted, name)]
        return self._applications.page(_all(query), [("due_time", 1)], page)

    def permit(self, access: Access, permit_id: str) -> Permit:
        """Return one permit; its holder can see who read it."""
        permit = self._permits.get(permit_id)
        access.check(owner=permit.holder, unit=permit.unit, resource=permit.name)
        self._access_log.record_call(
            person=permit.holder, purpose="permit_record", resource=permit.name, fields=PERMIT_FIELDS
        )
        return permit

    def permits(self, access: Access, *, unit: str, year: int, page: Page) -> tuple[list[Permit], str]:
        """Return permits, the latest number first."""
        query: list[dict[str, Any]] = [access.filter(owner="holder", unit="unit")]
        if unit:
            query.append({"unit": unit})
        if year:
            query.append({"year": year})
        return self._permits.page(_all(query), [("year", -1), ("sequence", -1)], page)

    def verify(self, number: str, code: str) -> Permit:
        """Return the permit with this number and verification code, for anyone.

        Raises:
            NotFound: there is none (VERIFICATION_FAILED); it is not told which of both is wrong.
        """
        for permit in self._permits.find({"verification_code": normalised(code)}):
            if permit.verifies(number, code):
                return permit
        raise NotFound("VERIFICATION_FAILED", "no permit has this number and verification code")


def _all(parts: list[dict[str, Any]]) -> dict[str, Any]:
    given = [part for part in parts if part]
    return {"$and": given} if given else {}
