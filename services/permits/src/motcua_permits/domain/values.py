"""Small values that applications, rules and permits share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PermitKind(StrEnum):
    """Kind of building permit (loại giấy phép xây dựng, Luật Xây dựng 135/2025/QH15 Điều 43)."""

    NEW = "NEW"
    REPAIR = "REPAIR"
    RELOCATE = "RELOCATE"
    TEMPORARY = "TEMPORARY"


class Confidence(StrEnum):
    """How certain a fact of the City's data is; a rule to `check` must not be enforced by a machine."""

    SURE = "sure"
    LIKELY = "likely"
    CHECK = "check"
    OWN = "own"


@dataclass(frozen=True)
class LocalizedText:
    """A text in Vietnamese and English."""

    vi: str
    en: str = ""


@dataclass(frozen=True)
class LegalReference:
    """Where a rule stands (căn cứ pháp lý).

    Attributes:
        source: law text, e.g. `NĐ 217/2026/NĐ-CP`.
        article: article and clause in it, e.g. `Điều 54 khoản 1`.
        confidence: how certain the reference is; empty when a person stated it.
    """

    source: str
    article: str
    confidence: str = ""

    def __str__(self) -> str:
        return f"{self.source}, {self.article}"
