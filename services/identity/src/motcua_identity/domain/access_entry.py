"""The log of who read a person's data (Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 4). Entries never change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from motcua_kit.domain import Aggregate


@dataclass(kw_only=True)
class AccessEntry(Aggregate):
    """One read.

    Attributes:
        person: `accounts/{id}` of the person whose data was read.
        reader: resource name of who read.
        on_behalf_of: person for whom a service read; empty when for itself.
        purpose: why.
        resource: what was read.
        fields: names of the personal fields shown, never their values.
        read_time: when.
    """

    person: str
    reader: str
    read_time: datetime
    on_behalf_of: str = ""
    purpose: str = ""
    resource: str = ""
    fields: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Resource name."""
        return f"{self.person}/accessEntries/{self.id}"
