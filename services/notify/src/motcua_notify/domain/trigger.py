"""Which event tells whom what: the trigger table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from motcua_kit.domain import ValidationFailed
from motcua_notify.domain.channel import Channel


class RecipientKind(StrEnum):
    """How the recipients are found from the event."""

    APPLICANT = "applicant"
    OFFICERS = "officers"
    AGENCY = "agency"


@dataclass(frozen=True)
class Recipients:
    """Who is told.

    Attributes:
        kind: `applicant` (the person named in the event), `officers` (holders of a role in the unit named in the
            event), `agency` (the same, but somebody must be found).
        named_by: field of the event's data that names the person or the unit.
        roles: roles in order of preference; the first that anybody holds is told.
    """

    kind: RecipientKind
    named_by: str
    roles: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trigger:
    """One row of the trigger table.

    Attributes:
        id: name of the row.
        event: type of the event, e.g. `dossier.accepted`.
        template: id of the template.
        recipients: who is told.
        channels: channels used at once.
        topic: what a person may opt out of.
        legal_notice: whether the law makes the message the official notice: no quiet hours, no opt-out.
        optional: whether people may opt out of the topic by e-mail and phone.
        source: law that asks for the message.
        article: article and clause there.
        confidence: `sure`, `likely`, `check` or `own`.
        valid_from: first day in force.
        valid_to: last day in force; None while open.
        when: fields of the event's data and the values for which the row applies; always when empty.
        officer_names: variables of the template that hold an officer's name, and the fields of the event's data that
            name the officer (NĐ 224/2026/NĐ-CP Điều 15: a status notice names who received and who handles).
    """

    id: str
    event: str
    template: str
    recipients: Recipients
    channels: list[Channel]
    topic: str
    legal_notice: bool
    optional: bool
    source: str
    article: str
    confidence: str
    valid_from: date
    valid_to: date | None = None
    when: dict[str, list[str]] = field(default_factory=dict)
    officer_names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.legal_notice and self.optional:
            message = f"trigger {self.id}: a legal notice cannot be optional"
            raise ValueError(message)

    def applies(self, event_type: str, data: Mapping[str, Any]) -> bool:
        """Tell whether an event with this data sets the row off."""
        return event_type == self.event and all(str(data.get(name)) in values for name, values in self.when.items())

    def target(self, event_type: str, data: Mapping[str, Any]) -> str:
        """Return the person or unit that the event names for this row.

        Raises:
            ValidationFailed: the event does not name one.
        """
        value = data.get(self.recipients.named_by)
        if not isinstance(value, str) or not value:
            raise ValidationFailed(
                "EVENT_INCOMPLETE",
                f"{event_type} has no field {self.recipients.named_by}",
                event=event_type,
                field=self.recipients.named_by,
            )
        return value
