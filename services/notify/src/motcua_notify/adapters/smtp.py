"""E-mail over SMTP, text and HTML, with a Message-ID by which a repeat is recognised."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import formataddr
from functools import cached_property
from typing import Any

from email_validator import EmailNotValidError, validate_email
from opentelemetry import trace

from motcua_notify.adapters.smtp_sessions import Sessions
from motcua_notify.application.ports import Outgoing, ProviderDown, ProviderRefused, Receipt
from motcua_notify.domain.notification import State
from motcua_notify.domain.text import mask_email

tracer = trace.get_tracer(__name__)

PERMANENT = range(500, 600)
NOT_ABOUT_THE_MESSAGE = frozenset({530, 534, 535, 538})
"""Permanent answers about our own sign-in (RFC 4954): the message itself is fine and waits."""


class _Folded(str):
    """A header with its lines. To fold a name with Vietnamese marks takes longer than all the rest of a message."""

    __slots__ = ("lines", "name")
    lines: str
    name: str

    @classmethod
    def of(cls, header: Any) -> _Folded:
        """Fold a header of the standard library."""
        folded = cls(header)
        folded.name, folded.lines = header.name, header.fold(policy=SMTP)
        return folded

    def fold(self, *, policy: EmailPolicy) -> str:
        """Return the lines; a policy of the standard library asks a header with a name for them."""
        del policy
        return self.lines


@dataclass(frozen=True)
class SmtpSender:
    """Hands e-mails to an SMTP server.

    Attributes:
        host: name of the server.
        port: port of the server.
        sender: address in From.
        sender_name: name in From.
        message_domain: domain of the Message-IDs.
        username: user name at the server; empty for none.
        password: its password.
        starttls: whether the connection is encrypted after the greeting.
        timeout: seconds to wait for each answer.
    """

    host: str
    port: int
    sender: str
    sender_name: str
    message_domain: str
    username: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = False
    timeout: float = 8.0

    @cached_property
    def sessions(self) -> Sessions:
        """Open sessions with the server."""
        return Sessions(self._connect)

    @cached_property
    def _from(self) -> _Folded:
        return _Folded.of(SMTP.header_factory("From", formataddr((self.sender_name, self.sender))))

    def send(self, message: Outgoing) -> Receipt:
        """Hand over one e-mail.

        Raises:
            ProviderDown: the server is unreachable, busy or does not let us in.
            ProviderRefused: the address is not one, or the server refuses it.
        """
        try:
            address = validate_email(message.address, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise ProviderRefused("email-invalid") from error
        mail = self._compose(message, address)
        with tracer.start_as_current_span("smtp send", kind=trace.SpanKind.CLIENT) as span:
            span.set_attribute("server.address", self.host)
            span.set_attribute("server.port", self.port)
            span.set_attribute("motcua.resource", f"notifications/{message.id}")
            self._transmit(mail, address)
        return Receipt(mail["Message-ID"], State.ACCEPTED, mask_email(address))

    def _compose(self, message: Outgoing, address: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["Message-ID"] = f"<{message.id}@{self.message_domain}>"
        mail["From"] = self._from
        mail["To"] = address
        mail["Subject"] = message.rendered.subject
        mail["Content-Language"] = message.language
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        mail.set_content(message.rendered.text)
        mail.add_alternative(message.rendered.html, subtype="html")
        return mail

    def _transmit(self, mail: EmailMessage, address: str) -> None:
        try:
            self.sessions.use(lambda server: server.send_message(mail, self.sender, [address]))
        except smtplib.SMTPRecipientsRefused as error:
            ((code, _),) = error.recipients.values()
            raise _failure(code) from None  # the cause would carry the address into logs
        except smtplib.SMTPResponseException as error:
            raise _failure(error.smtp_code) from None
        except (OSError, smtplib.SMTPException) as error:
            raise ProviderDown(f"smtp-{type(error).__name__}") from None

    def _connect(self) -> smtplib.SMTP:
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.starttls:
                server.starttls(context=ssl.create_default_context())
            if self.username:
                server.login(self.username, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _failure(code: int) -> ProviderDown | ProviderRefused:
    if code in PERMANENT and code not in NOT_ABOUT_THE_MESSAGE:
        return ProviderRefused(f"smtp-{code}")
    return ProviderDown(f"smtp-{code}")
