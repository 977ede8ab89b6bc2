"""What the permits service is told by its environment."""

from __future__ import annotations

from pydantic import Field

from motcua_kit.settings import ServiceSettings


class PermitsSettings(ServiceSettings):
    """Settings of the permits service, besides those of every service."""

    public_url: str = Field(
        "", description="Address under which the public reaches the verification page; printed on permits as a QR code."
    )

    @property
    def verification_page(self) -> str:
        """Address of the verification page."""
        return f"{self.public_url.rstrip('/')}/verify"
