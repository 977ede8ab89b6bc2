"""Settings of the land service: those of every service."""

from __future__ import annotations

from pathlib import Path

from motcua_kit.settings import ServiceSettings


class LandSettings(ServiceSettings):
    """What the land service is told. It calls identity (`IDENTITY_ADDRESS`) to find whom to tell of a read."""

    needed = ServiceSettings.needed | {"client_secret", "identity_address"}

    @property
    def parcels_dir(self) -> Path:
        """Folder with the City's facts about land and the registers of its wards."""
        return self.city_dir / "parcels"
