"""Texts for people, by reason: Vietnamese first, English as the errors carry it themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

OWN_TEXTS = Path(__file__).parent / "messages.vi.yaml"


class Catalogue:
    """Vietnamese texts of error reasons.

    Args:
        texts: reason to text; `{name}` stands for a metadata value.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)

    @classmethod
    def load(cls, *files: Path) -> Catalogue:
        """Read the kit's texts and those in `files`; later files win."""
        texts: dict[str, str] = {}
        for file in (OWN_TEXTS, *files):
            texts.update(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
        return cls(texts)

    def text(self, reason: str, metadata: Mapping[str, str]) -> str:
        """Return the Vietnamese text for a reason; one without a text of its own gets the general one."""
        template = self.texts.get(reason) or self.texts["UNKNOWN_REASON"]
        return template.format_map(_Given({"reason": reason, **metadata}))

    def missing(self, reasons: Iterable[str]) -> set[str]:
        """Return the reasons that have no text."""
        return set(reasons) - self.texts.keys()


class _Given(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"
