"""Templates filled in by Jinja2: sandboxed, strict about variables, HTML escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, Template, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from motcua_kit.domain import FieldViolation, ValidationFailed
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.template import EmailText, MessageTemplate, Rendered, SmsText
from motcua_notify.domain.text import fold

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
AT = {"vi": "%H:%M ngày %d/%m/%Y", "en": "%H:%M on %d/%m/%Y"}
THOUSANDS = {"vi": ".", "en": ","}


class JinjaRenderer:
    """Fills in templates.

    Args:
        layout: folder with `email.{vi,en}.{txt,html}`, what stands around the body of every e-mail.
    """

    def __init__(self, layout: Path) -> None:
        self._texts = {language: _environment(language, html=False) for language in ("vi", "en")}
        self._compile = lru_cache(maxsize=1024)(lambda language, source: self._texts[language].from_string(source))
        self._plain: dict[str, Template] = {}
        self._html: dict[str, Template] = {}
        for language in ("vi", "en"):
            self._plain[language] = self._texts[language].from_string(_read(layout / f"email.{language}.txt"))
            pages = _environment(language, html=True)
            self._html[language] = pages.from_string(_read(layout / f"email.{language}.html"))

    def render(
        self,
        template: MessageTemplate,
        channel: Channel,
        variables: Mapping[str, Any],
        *,
        language: str = "vi",
        folded: bool = False,
        full_name: str = "",
    ) -> Rendered:
        """Return the text for a channel; see `motcua_notify.application.ports.Renderer`."""
        language = "en" if language == "en" else "vi"
        template.offer(channel)
        match channel:
            case Channel.EMAIL if template.email is not None:
                return self._email(template, template.email, variables, language, full_name)
            case Channel.SMS if template.sms is not None:
                return Rendered("", self._sms(template.sms, variables, language, folded=folded))
            case _:
                text = self._fill(language, template.inbox.body.text(language), variables)
                return Rendered(self._line(language, template.inbox.title.text(language), variables), text)

    def _sms(self, sms: SmsText, variables: Mapping[str, Any], language: str, *, folded: bool) -> str:
        if language == "en":
            return fold(self._line(language, sms.en, variables))
        return fold(self._line("vi", sms.vi_folded, variables)) if folded else self._line("vi", sms.vi, variables)

    def _email(
        self,
        template: MessageTemplate,
        email: EmailText,
        variables: Mapping[str, Any],
        language: str,
        full_name: str,
    ) -> Rendered:
        subject = self._line(language, email.subject.text(language), variables)
        body = self._fill(language, email.body.text(language), variables)
        around = {
            "subject": subject,
            "paragraphs": [paragraph.strip() for paragraph in body.split("\n\n")],
            "full_name": full_name,
            "agency": variables.get("agency", ""),
            "source": template.source,
            "article": template.article,
        }
        return Rendered(subject, self._plain[language].render(around), self._html[language].render(around))

    def _line(self, language: str, source: str, variables: Mapping[str, Any]) -> str:
        """Fill in a text of one line; a value with line breaks must not start a new header."""
        return " ".join(self._fill(language, source, variables).split())

    def _fill(self, language: str, source: str, variables: Mapping[str, Any]) -> str:
        try:
            return self._compile(language, source).render(variables).strip()
        except UndefinedError as error:
            message = str(error)
            raise ValidationFailed(
                "VARIABLE_MISSING",
                message,
                [FieldViolation("variables", "VARIABLE_MISSING", message)],
                variable=message.partition("'")[2].partition("'")[0],
            ) from error


def _environment(language: str, *, html: bool) -> ImmutableSandboxedEnvironment:
    # Plain text must not be escaped; the HTML environment escapes everything.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=html)
    environment.filters["at"] = lambda value: _at(value, language)
    environment.filters["money"] = lambda value: _money(value, language)
    environment.filters["short"] = _short
    return environment


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _at(value: object, language: str) -> str:
    """Return a time as people read it, e.g. `09:05 ngày 23/11/2026`, in the City's time zone."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _invalid(value, "want a time in RFC 3339") from error
    if moment.tzinfo is None:
        raise _invalid(value, "want a time with its zone")
    return moment.astimezone(ZONE).strftime(AT[language])


def _money(value: object, language: str) -> str:
    """Return an amount in VND with separated thousands, e.g. `75.000`; numbers in JSON may come as floats."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise _invalid(value, "want a whole amount in VND")
    return f"{int(value):,}".replace(",", THOUSANDS[language])


def _short(agency: object) -> str:
    """Return the usual short form of an authority's name, for short messages."""
    return str(agency).replace("Ủy ban nhân dân", "UBND")


def _invalid(value: object, message: str) -> ValidationFailed:
    return ValidationFailed(
        "VARIABLE_INVALID",
        message,
        [FieldViolation("variables", "VARIABLE_INVALID", message)],
        value=str(value)[:40],
    )
