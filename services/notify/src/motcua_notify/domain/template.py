"""Message texts as data: one record a version, with the law behind it and examples that run as tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from motcua_kit.domain import FieldViolation, PreconditionFailed, ValidationFailed
from motcua_notify.domain.channel import Channel


@dataclass(frozen=True)
class Bilingual:
    """A text in both languages of the City."""

    vi: str
    en: str

    def text(self, language: str) -> str:
        """Return the English text for `en`, the Vietnamese one for everything else."""
        return self.en if language == "en" else self.vi


@dataclass(frozen=True)
class InboxText:
    """Title and plain text of an inbox message."""

    title: Bilingual
    body: Bilingual


@dataclass(frozen=True)
class EmailText:
    """Subject and paragraphs of an e-mail; salutation, signature and HTML come from the layout."""

    subject: Bilingual
    body: Bilingual


@dataclass(frozen=True)
class SmsText:
    """Texts of a short message.

    Attributes:
        vi: Vietnamese with marks (UCS-2).
        vi_folded: Vietnamese without marks (GSM-7).
        en: English (GSM-7).
    """

    vi: str
    vi_folded: str
    en: str


@dataclass(frozen=True)
class Example:
    """A filled-in text that must come out as written.

    Attributes:
        channel: channel whose text it is.
        expect: the text, character by character.
        language: `vi` or `en`.
        folded: whether it is the short message without marks.
        segments: segments of a short message.
    """

    channel: Channel
    expect: str
    language: str = "vi"
    folded: bool = False
    segments: int = 0


@dataclass(frozen=True)
class MessageTemplate:
    """One version of a message (mẫu thông báo).

    Attributes:
        id: name of the template, the same for all versions.
        version: version of the texts.
        title: what the message is for.
        source: law that asks for the message.
        article: article and clause there.
        confidence: `sure`, `likely`, `check` or `own`.
        valid_from: first day in force.
        valid_to: last day in force; None while open.
        required: variables that must be given.
        optional: variables that may be given; empty when not.
        sample: values of the variables for examples and previews.
        examples: texts that must come out as written.
    """

    id: str
    version: str
    title: Bilingual
    source: str
    article: str
    confidence: str
    valid_from: date
    required: list[str]
    sample: dict[str, Any]
    examples: list[Example]
    inbox: InboxText
    valid_to: date | None = None
    optional: list[str] = field(default_factory=list)
    email: EmailText | None = None
    sms: SmsText | None = None

    @property
    def channels(self) -> list[Channel]:
        """Channels that the template has a text for."""
        offered = {Channel.INBOX: self.inbox, Channel.SMS: self.sms, Channel.EMAIL: self.email}
        return [channel for channel, text in offered.items() if text is not None]

    def offer(self, channel: Channel) -> None:
        """Let the call go on when there is a text for the channel.

        Raises:
            PreconditionFailed: there is none.
        """
        if channel not in self.channels:
            raise PreconditionFailed(
                "CHANNEL_NOT_OFFERED",
                f"template {self.id} has no text for {channel}",
                resource=f"templates/{self.id}",
                channel=channel.value,
            )

    def choose(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the template's variables out of all that is known; optional ones that are missing come as empty.

        Raises:
            ValidationFailed: a required one is missing or empty.
        """
        missing = [name for name in self.required if values.get(name) in (None, "")]
        if missing:
            raise ValidationFailed(
                "VARIABLE_MISSING",
                f"template {self.id} needs {', '.join(missing)}",
                [FieldViolation(f"variables.{name}", "VARIABLE_MISSING", "required") for name in missing],
                variable=missing[0],
            )
        return {name: values.get(name, "") for name in (*self.required, *self.optional)}

    def refuse_unknown(self, values: Mapping[str, Any]) -> None:
        """Let the call go on when all variables are the template's.

        Raises:
            ValidationFailed: one is not.
        """
        unknown = sorted(values.keys() - {*self.required, *self.optional})
        if unknown:
            raise ValidationFailed(
                "VARIABLE_UNKNOWN",
                f"template {self.id} does not know {', '.join(unknown)}",
                [FieldViolation(f"variables.{name}", "VARIABLE_UNKNOWN", "not known") for name in unknown],
                variable=unknown[0],
            )


@dataclass(frozen=True)
class Rendered:
    """A text ready to go out.

    Attributes:
        subject: subject or title; empty for a short message.
        text: plain text.
        html: HTML of an e-mail.
    """

    subject: str
    text: str
    html: str = ""
