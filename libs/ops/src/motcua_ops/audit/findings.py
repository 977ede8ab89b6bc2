"""What a check of histories against seals finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that an auditor has to know.

    Attributes:
        what: `changed`, `removed`, `inserted`, …
        name: of what, with the service in front: `dossier dossiers/4f…`, `dossier seal 2026-11-23`.
        text: more.
        alarm: whether it says that something was tampered with; otherwise it is worth knowing.
    """

    what: str
    name: str
    text: str
    alarm: bool = True

    def __str__(self) -> str:
        """A line."""
        return f"{self.what:<11} {self.name}: {self.text}"
