"""What the permits service is told by its environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from motcua_kit.refusals import Https
from motcua_kit.settings import DOCUMENTS, SIGNING, ServiceSettings


class PermitsSettings(ServiceSettings):
    """Settings of the permits service, besides those of every service."""

    needed = ServiceSettings.needed | {
        "client_secret",
        "dossier_address",
        "identity_address",
        "land_address",
        "public_url",
    }
    # Permits are made and kept by workers alone.
    needed_by_workers = ServiceSettings.needed_by_workers | DOCUMENTS | SIGNING

    public_url: Annotated[str, Https()] = Field(
        "", description="Address under which the public reaches the verification page; printed on permits as a QR code."
    )

    @property
    def verification_page(self) -> str:
        """Address of the verification page."""
        return f"{self.public_url.rstrip('/')}/verify"
