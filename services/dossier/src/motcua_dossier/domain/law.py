"""Legal references and texts, as City data carries them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LegalReference:
    """Where a rule, a limit, a fee or a reason comes from (căn cứ pháp lý).

    Attributes:
        source: short designation of the law text, e.g. `NĐ 217/2026/NĐ-CP`.
        article: article and clause, e.g. `Điều 54`.
        confidence: how certain the fact is: `sure`, `likely`, `check` or `own`.
    """

    source: str
    article: str = ""
    confidence: str = ""

    def cite(self) -> str:
        """Return the reference as a Vietnamese text cites it, e.g. `Điều 54 NĐ 217/2026/NĐ-CP`."""
        return f"{self.article} {self.source}".strip()


@dataclass(frozen=True)
class LocalizedText:
    """A text in the languages that people are addressed in."""

    vi: str
    en: str = ""
