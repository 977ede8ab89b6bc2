"""An event happened: queue one notification for each person and channel that the trigger table names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog

from motcua_kit.command import Command
from motcua_kit.domain import NotFound, PreconditionFailed, ValidationFailed
from motcua_kit.store import Repository
from motcua_notify.application.ports import Directory, Renderer
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.library import Library
from motcua_notify.domain.notification import Notification, notification_id
from motcua_notify.domain.template import MessageTemplate
from motcua_notify.domain.trigger import RecipientKind, Trigger

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Happening:
    """What happened, as the event says.

    Attributes:
        id: id of the event, the same at every delivery.
        type: e.g. `dossier.accepted`.
        subject: resource it is about.
        time: when.
        data: the event's fields.
    """

    id: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]


class Tell:
    """Turns events into notifications."""

    def __init__(
        self,
        notifications: Repository[Notification],
        library: Library,
        renderer: Renderer,
        directory: Directory,
    ) -> None:
        self._notifications = notifications
        self._library = library
        self._renderer = renderer
        self._directory = directory

    def __call__(self, happening: Happening, command: Command) -> list[Notification]:
        """Queue what the trigger table says; a repeat queues nothing new.

        Returns:
            What was queued now or before.

        Raises:
            ValidationFailed: the event lacks what a trigger or a template needs; nothing is queued.
            PreconditionFailed: nobody holds the post that must be told; everybody else is.
            NotFound: identity does not know the unit that the event names.
            DependencyDown: identity does not answer.
        """
        day = self._library.local_day(happening.time)
        planned: list[Notification] = []
        unheld: list[Trigger] = []
        for trigger in self._library.triggered(happening.type, happening.data, day):
            recipients = self._recipients(trigger, happening, day)
            if not recipients:
                unheld.append(trigger)
                continue
            template, variables = self._filled(trigger, happening, day)
            planned += [
                self._notification(trigger, template, variables, happening, recipient, channel)
                for recipient in recipients
                for channel in trigger.channels
            ]
        queued = self._queue(planned, command)
        for trigger in unheld:
            self._report(trigger, happening)
        return queued

    def _recipients(self, trigger: Trigger, happening: Happening, day: date) -> list[str]:
        target = trigger.target(happening.type, happening.data)
        if trigger.recipients.kind is RecipientKind.APPLICANT:
            return [target]
        return self._directory.holders(target, trigger.recipients.roles, day)

    def _filled(self, trigger: Trigger, happening: Happening, day: date) -> tuple[MessageTemplate, dict[str, Any]]:
        """Choose the variables and try the text once, so that what cannot be shown is refused before it is queued."""
        template = self._library.template(trigger.template, day)
        known = dict(happening.data)
        unit = known.get("unit")
        if not isinstance(unit, str):
            raise ValidationFailed(
                "EVENT_INCOMPLETE", f"{happening.type} has no unit", event=happening.type, field="unit"
            )
        known["agency"] = self._directory.agency(unit, day)
        for variable, field in trigger.officer_names.items():
            if officer := known.get(field):
                known[variable] = self._name_of(officer)
        variables = template.choose(known)
        self._renderer.render(template, Channel.INBOX, variables)
        return template, variables

    def _name_of(self, officer: str) -> str:
        try:
            return self._directory.contact(officer).full_name
        except NotFound:  # the notice itself must not wait for a name
            log.warning("officer_unknown", officer=officer)
            return ""

    def _notification(
        self,
        trigger: Trigger,
        template: MessageTemplate,
        variables: dict[str, Any],
        happening: Happening,
        recipient: str,
        channel: Channel,
    ) -> Notification:
        return Notification(
            id=notification_id(happening.id, recipient, channel),
            event_id=happening.id,
            event_type=happening.type,
            event_time=happening.time,
            subject=happening.subject,
            recipient=recipient,
            channel=channel,
            template=template.id,
            template_version=template.version,
            legal_notice=trigger.legal_notice,
            topic=trigger.topic,
            optional=trigger.optional,
            variables=variables,
        )

    def _queue(self, planned: Sequence[Notification], command: Command) -> list[Notification]:
        """Save what another row of the table, or an earlier delivery of the event, has not queued already."""
        policy = self._library.policy(self._library.local_day(command.time))
        for one in planned:
            one.queue(policy.release(one.channel, command.time, legal_notice=one.legal_notice))
        return self._notifications.create_absent(planned, command)

    def _report(self, trigger: Trigger, happening: Happening) -> None:
        roles = ", ".join(trigger.recipients.roles)
        if trigger.recipients.kind is RecipientKind.AGENCY:
            raise PreconditionFailed(
                "RECIPIENT_MISSING",
                f"{happening.type}: nobody is {roles} of the unit",
                resource=trigger.target(happening.type, happening.data),
                roles=roles,
            )
        log.info("nobody_to_tell", trigger=trigger.id, subject=happening.subject)
