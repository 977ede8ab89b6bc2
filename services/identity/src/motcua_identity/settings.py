"""What identity is told, besides what every service is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from motcua_kit.refusals import Https, Refusal, refused
from motcua_kit.settings import ServiceSettings

IN_MEMORY = "memory://"


class IdentitySettings(ServiceSettings):
    """Settings of identity."""

    needed = ServiceSettings.needed | {"eid_issuer", "eid_client_id", "eid_client_secret"}

    eid_issuer: Annotated[str, Https()] = Field(description="OIDC issuer of the national e-ID.")
    eid_client_id: str = Field(description="Identity's client id at the e-ID.")
    eid_client_secret: SecretStr = Field(description="Identity's secret at the e-ID.")
    sealing_key: SecretStr = Field(
        min_length=32,
        description="Secret from which the key is made that encrypts signing keys and TOTP secrets; while it is "
        "rotated, the new and the former one on lines of their own.",
    )
    attempts_url: SecretStr = Field(
        SecretStr(""), description="Where wrong sign-ins are counted (`redis://…`); the broker's server when empty."
    )
    trusted_proxies: int = Field(0, ge=0, description="Reverse proxies whose word on browsers' addresses is taken.")

    @model_validator(mode="after")
    def _check_issuer(self) -> Self:
        url = urlsplit(self.issuer)
        if not url.netloc or url.path.strip("/") or url.query or url.fragment:
            problem = "want a URL without a path, e.g. https://id.example.vn"
            raise refused(type(self).__name__, [Refusal("issuer", problem)])
        return self

    def unfit(self) -> Iterator[Refusal]:
        """Yield what is refused outside the local profile."""
        yield from super().unfit()
        if self.attempts_storage == IN_MEMORY:
            yield Refusal("attempts_url", "is empty like broker_url; wrong sign-ins must be counted in one place")

    @property
    def eid_redirect_uri(self) -> str:
        """Where the e-ID sends browsers back; register it there."""
        return f"{self.issuer.rstrip('/')}/eid/callback"

    @property
    def attempts_storage(self) -> str:
        """Storage of the `limits` library."""
        return self.attempts_url.get_secret_value() or self.broker_url.get_secret_value() or IN_MEMORY
