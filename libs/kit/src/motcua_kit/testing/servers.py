"""Where the real servers of a test run are: those the environment names, or embedded ones started once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Servers:
    """Addresses and keys of the servers that tests use."""

    mongodb_uri: str
    object_store_url: str
    object_store_access_key: str
    object_store_secret_key: str
    broker_url: str

    @classmethod
    def from_environment(cls) -> Servers | None:
        """Return the servers that the environment names, or None when it does not name all."""
        names = {field: field.upper() for field in cls.__dataclass_fields__}
        if not all(os.environ.get(name) for name in names.values()):
            return None
        return cls(**{field: os.environ[name] for field, name in names.items()})

    def settings(self) -> dict[str, Any]:
        """Return them as settings of a service."""
        return dict(vars(self))
