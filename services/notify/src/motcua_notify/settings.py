"""What the notify service is told by its environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, SecretStr

from motcua_kit.refusals import Https, Refusal
from motcua_kit.settings import ServiceSettings


class NotifySettings(ServiceSettings):
    """Settings of the notify service, besides those of every service."""

    needed = ServiceSettings.needed | {"client_secret", "identity_address"}
    needed_by_workers = ServiceSettings.needed_by_workers | {"sms_token"}

    smtp_host: str = Field("127.0.0.1", description="SMTP server.")
    smtp_port: int = Field(25, ge=1, le=65535, description="Port of the SMTP server.")
    smtp_starttls: bool = Field(False, description="Encrypt the SMTP connection (STARTTLS).")
    smtp_username: str = Field("", description="User name at the SMTP server; none when empty.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the SMTP server.")
    mail_sender: str = Field("khong-tra-loi@motcua.test", description="Address that e-mails come from.")
    mail_sender_name: str = Field("Một cửa Thành phố Hồ Chí Minh", description="Name that e-mails come from.")
    mail_message_domain: str = Field("motcua.test", description="Domain in the Message-ID of e-mails.")

    sms_url: Annotated[str, Https()] = Field(
        "http://127.0.0.1:8025", description="Base URL of the short-message gateway."
    )
    sms_token: SecretStr = Field(SecretStr(""), description="Bearer token of our account at the gateway.")
    sms_sender: str = Field("TPHCM", max_length=11, description="Sender name of short messages.")

    provider_timeout: float = Field(8.0, gt=0, le=15, description="Seconds to wait for each answer of a provider.")

    def unfit(self) -> Iterator[Refusal]:
        """Yield what is refused outside the local profile."""
        yield from super().unfit()
        for name in ("mail_sender", "mail_message_domain"):
            if getattr(self, name).endswith(".test"):
                yield Refusal(name, "set the City's own; .test belongs to nobody")
