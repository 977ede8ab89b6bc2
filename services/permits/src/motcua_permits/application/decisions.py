"""Decisions: a handler proposes, a leader decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_permits.application.ports import Applications
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.review import DecisionOutcome, RefusalReason


class Decisions:
    """The commands that end in a permit or a refusal."""

    def __init__(self, applications: Applications) -> None:
        self._applications = applications

    def propose(
        self,
        command: Command,
        access: Access,
        application_id: str,
        outcome: DecisionOutcome,
        *,
        note: str,
        reasons: Sequence[RefusalReason],
        etag: str = "",
    ) -> PermitApplication:
        """Propose a decision to the leader."""
        return self._change(
            command,
            access,
            application_id,
            etag,
            lambda current: current.propose(
                outcome, note=note, reasons=reasons, officer=command.actor, now=command.time
            ),
        )

    def return_proposal(
        self, command: Command, access: Access, application_id: str, reason: str, *, etag: str = ""
    ) -> PermitApplication:
        """Send a proposal back to the handler."""
        return self._change(
            command,
            access,
            application_id,
            etag,
            lambda current: current.return_proposal(reason, officer=command.actor),
        )

    def approve(self, command: Command, access: Access, application_id: str, *, etag: str = "") -> PermitApplication:
        """Grant the permit as proposed."""
        return self._change(
            command,
            access,
            application_id,
            etag,
            lambda current: current.approve(officer=command.actor, now=command.time),
        )

    def refuse(self, command: Command, access: Access, application_id: str, *, etag: str = "") -> PermitApplication:
        """Refuse the permit as proposed."""
        return self._change(
            command,
            access,
            application_id,
            etag,
            lambda current: current.refuse(officer=command.actor, now=command.time),
        )

    def _change(
        self,
        command: Command,
        access: Access,
        application_id: str,
        etag: str,
        mutate: Callable[[PermitApplication], None],
    ) -> PermitApplication:
        application = self._applications.get(application_id)
        access.check(unit=application.unit, assignee=application.handler, resource=application.name)
        return self._applications.change(application_id, command, mutate, etag=etag)
