"""What dossier is told, besides what every service is told."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from motcua_kit.refusals import Refusal
from motcua_kit.settings import DOCUMENTS, SIGNING, ServiceSettings


class MalwareScanner(StrEnum):
    """How uploads are scanned. `local` knows the EICAR test file only."""

    LOCAL = "local"
    CLAMD = "clamd"


class DossierSettings(ServiceSettings):
    """Settings of dossier."""

    needed = ServiceSettings.needed | DOCUMENTS | {"client_secret", "identity_address", "land_address"}
    needed_by_workers = ServiceSettings.needed_by_workers | SIGNING

    malware_scanner: MalwareScanner = Field(
        MalwareScanner.CLAMD, description="`clamd`, or on one machine `local`, which knows the EICAR test file only."
    )
    clamd_host: str = Field("127.0.0.1", description="Host of clamd.")
    clamd_port: int = Field(3310, description="Port of clamd.")
    unsent_upload_hours: int = Field(
        24,
        ge=1,
        description="Hours that a dossier waits for an announced file; its form lives for less than one.",
    )

    def unfit(self) -> Iterator[Refusal]:
        """Yield what is refused outside the local profile."""
        yield from super().unfit()
        if self.malware_scanner is MalwareScanner.LOCAL:
            yield Refusal("malware_scanner", "`local` knows one test file only; use clamd")
