"""What can be wrong with a file that somebody sends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Problem(StrEnum):
    """Why a file is not what it should be."""

    EMPTY = "EMPTY"
    TYPE_UNKNOWN = "TYPE_UNKNOWN"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    TWO_TYPES = "TWO_TYPES"
    BOMB = "BOMB"
    PDF_BROKEN = "PDF_BROKEN"
    PDF_PASSWORD = "PDF_PASSWORD"  # noqa: S105 - not a secret
    PDF_TOO_MANY_PAGES = "PDF_TOO_MANY_PAGES"
    PDF_ACTIVE_CONTENT = "PDF_ACTIVE_CONTENT"
    PICTURE_BROKEN = "PICTURE_BROKEN"
    PICTURE_TOO_LARGE = "PICTURE_TOO_LARGE"
    ARCHIVE_BROKEN = "ARCHIVE_BROKEN"
    ARCHIVE_PASSWORD = "ARCHIVE_PASSWORD"  # noqa: S105 - not a secret
    ARCHIVE_NAMES = "ARCHIVE_NAMES"
    ARCHIVE_NESTED = "ARCHIVE_NESTED"
    OFFICE_ACTIVE_CONTENT = "OFFICE_ACTIVE_CONTENT"


@dataclass(frozen=True)
class Finding:
    """One problem, with an English detail for operators."""

    problem: Problem
    detail: str
