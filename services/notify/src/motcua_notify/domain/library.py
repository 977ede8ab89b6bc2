"""All templates, triggers and policies, looked up as of a date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from motcua_kit.domain import NotFound
from motcua_notify.domain.policy import DeliveryPolicy
from motcua_notify.domain.template import MessageTemplate
from motcua_notify.domain.trigger import Trigger


class _Dated(Protocol):
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...


DatedRecord = TypeVar("DatedRecord", bound=_Dated)


def _in_force(records: Iterable[DatedRecord], day: date) -> list[DatedRecord]:
    return [
        record for record in records if record.valid_from <= day and (record.valid_to is None or day <= record.valid_to)
    ]


class Library:
    """What the City says, when and to whom.

    Args:
        templates: all versions of all templates.
        triggers: the trigger table.
        policies: rules for all messages; exactly one must be in force on any day that is asked for.

    Raises:
        ValueError: two versions of a template are in force at once, or a trigger names a template that there is not,
            or a channel or variable that the template does not have.
    """

    def __init__(
        self, templates: Sequence[MessageTemplate], triggers: Sequence[Trigger], policies: Sequence[DeliveryPolicy]
    ) -> None:
        self.templates = list(templates)
        self.triggers = list(triggers)
        self.policies = list(policies)
        self._check_versions()
        self._check_triggers()

    def template(self, identity: str, day: date) -> MessageTemplate:
        """Return the version of a template in force on a day.

        Raises:
            NotFound: there is none.
        """
        for template in _in_force(self.templates, day):
            if template.id == identity:
                return template
        raise self._unknown(identity)

    def version(self, identity: str, version: str) -> MessageTemplate:
        """Return a version of a template, in force or not: what was queued under it goes out under it.

        Raises:
            NotFound: there is no such version.
        """
        for template in self.templates:
            if (template.id, template.version) == (identity, version):
                return template
        raise self._unknown(identity)

    def all_templates(self, day: date) -> list[MessageTemplate]:
        """Return the templates in force on a day, ordered by id."""
        return sorted(_in_force(self.templates, day), key=lambda template: template.id)

    def triggered(self, event_type: str, data: Mapping[str, Any], day: date) -> list[Trigger]:
        """Return the rows of the trigger table that an event sets off."""
        return [trigger for trigger in _in_force(self.triggers, day) if trigger.applies(event_type, data)]

    def topics(self, day: date) -> set[str]:
        """Return all topics of a day."""
        return {trigger.topic for trigger in _in_force(self.triggers, day)}

    def optional_topics(self, day: date) -> set[str]:
        """Return the topics that people may switch off: those of which every message is optional."""
        mandatory = {trigger.topic for trigger in _in_force(self.triggers, day) if not trigger.optional}
        return self.topics(day) - mandatory

    def policy(self, day: date) -> DeliveryPolicy:
        """Return the rules for all messages on a day.

        Raises:
            ValueError: none or several are in force.
        """
        (policy,) = _in_force(self.policies, day)
        return policy

    def local_day(self, moment: datetime) -> date:
        """Return the City's calendar day of a moment."""
        return moment.astimezone(ZoneInfo(self.policies[0].quiet_hours.timezone)).date()

    def _unknown(self, identity: str) -> NotFound:
        return NotFound(
            "TEMPLATE_NOT_FOUND",
            f"no template {identity} is in force on this day",
            resource=f"templates/{identity}",
        )

    def _check_versions(self) -> None:
        for template in self.templates:
            rivals = [
                other
                for other in _in_force(self.templates, template.valid_from)
                if other.id == template.id and other is not template
            ]
            if rivals:
                message = f"template {template.id}: versions {template.version} and {rivals[0].version} overlap"
                raise ValueError(message)

    def _check_triggers(self) -> None:
        for trigger in self.triggers:
            versions = [template for template in self.templates if template.id == trigger.template]
            if not versions:
                message = f"trigger {trigger.id}: there is no template {trigger.template}"
                raise ValueError(message)
            for template in versions:
                if not set(trigger.channels) <= set(template.channels):
                    message = f"trigger {trigger.id}: template {template.id} does not offer all of its channels"
                    raise ValueError(message)
                if not trigger.officer_names.keys() <= {*template.required, *template.optional}:
                    message = f"trigger {trigger.id}: template {template.id} does not know all of its officer names"
                    raise ValueError(message)
