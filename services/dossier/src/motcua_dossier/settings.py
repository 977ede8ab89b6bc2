"""What dossier is told, besides what every service is told."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from motcua_kit.settings import Profile, ServiceSettings


class MalwareScanner(StrEnum):
    """How uploads are scanned. `local` knows the EICAR test file only."""

    LOCAL = "local"
    CLAMD = "clamd"


class DossierSettings(ServiceSettings):
    """Settings of dossier."""

    malware_scanner: MalwareScanner = Field(
        MalwareScanner.CLAMD, description="`clamd`, or on one machine `local`, which knows the EICAR test file only."
    )
    clamd_host: str = Field("127.0.0.1", description="Host of clamd.")
    clamd_port: int = Field(3310, description="Port of clamd.")

    @model_validator(mode="after")
    def _scan_for_real(self) -> Self:
        if self.malware_scanner is MalwareScanner.LOCAL and self.profile is not Profile.LOCAL:
            message = "malware_scanner: `local` knows one test file only; use clamd"
            raise ValueError(message)
        return self
