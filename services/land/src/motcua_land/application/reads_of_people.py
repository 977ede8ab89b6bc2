"""Telling people who read their data in the register (Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from motcua_land.application.ports import AccessLog, Accounts
from motcua_land.domain.rights import RightHolder

HOLDER_FIELDS = ("citizen_id", "display_name", "share")


class ReadsOfPeople:
    """Notes reads in the log of each person they are about, before the result is given out.

    The register knows people by their number, the log by their account. Who has no account has no log to look into.
    """

    def __init__(self, accounts: Accounts, log: AccessLog) -> None:
        self._accounts = accounts
        self._log = log

    def note_holders(
        self, holders: Iterable[RightHolder], *, purpose: str, resource: str, fields: Sequence[str] = HOLDER_FIELDS
    ) -> None:
        """Note that the holders' data in a resource was read."""
        for citizen_id in sorted({holder.citizen_id for holder in holders} - {""}):
            self.note_person(citizen_id, purpose=purpose, resource=resource, fields=fields)

    def note_person(
        self, citizen_id: str, *, purpose: str, resource: str, fields: Sequence[str], account: str = ""
    ) -> None:
        """Note that a person's data was read.

        Args:
            citizen_id: whose.
            purpose: why.
            resource: what was read.
            fields: which data.
            account: `accounts/{id}` of the person, where it is known already.
        """
        person = account or self._accounts.name_of(citizen_id)
        if person:
            self._log.record_call(person=person, purpose=purpose, resource=resource, fields=fields)
