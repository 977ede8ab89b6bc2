"""What the notify service is told by its environment."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from motcua_kit.settings import Profile, ServiceSettings


class NotifySettings(ServiceSettings):
    """Settings of the notify service, besides those of every service."""

    smtp_host: str = Field("127.0.0.1", description="SMTP server.")
    smtp_port: int = Field(25, ge=1, le=65535, description="Port of the SMTP server.")
    smtp_starttls: bool = Field(False, description="Encrypt the SMTP connection (STARTTLS).")
    smtp_username: str = Field("", description="User name at the SMTP server; none when empty.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the SMTP server.")
    mail_sender: str = Field("khong-tra-loi@motcua.test", description="Address that e-mails come from.")
    mail_sender_name: str = Field("Một cửa Thành phố Hồ Chí Minh", description="Name that e-mails come from.")
    mail_message_domain: str = Field("motcua.test", description="Domain in the Message-ID of e-mails.")

    sms_url: str = Field("http://127.0.0.1:8025", description="Base URL of the short-message gateway.")
    sms_token: SecretStr = Field(SecretStr(""), description="Bearer token of our account at the gateway.")
    sms_sender: str = Field("TPHCM", max_length=11, description="Sender name of short messages.")

    provider_timeout: float = Field(8.0, gt=0, le=15, description="Seconds to wait for each answer of a provider.")

    @model_validator(mode="after")
    def _reach_real_providers(self) -> Self:
        if self.profile is Profile.LOCAL:
            return self
        if not self.sms_url.startswith("https://"):
            message = "sms_url: want https; messages and phone numbers must not travel in the clear"
            raise ValueError(message)
        if not self.sms_token.get_secret_value():
            message = "sms_token: set the token of the account at the gateway"
            raise ValueError(message)
        if self.mail_sender.endswith(".test") or self.mail_message_domain.endswith(".test"):
            message = "mail_sender, mail_message_domain: set the City's own; .test belongs to nobody"
            raise ValueError(message)
        return self
