"""Names of people as they are searched: by the beginnings of words, with tones or without."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from unicodedata import normalize

from motcua_kit.domain import FieldViolation, ValidationFailed
from motcua_kit.domain.text import without_marks

SHORTEST = 2
"""Letters of the shortest beginning of a word that is looked up; a whole word may be shorter."""

LONGEST = 20
"""Letters of a word that count."""

MOST = 12
"""Words of a name or of a search that count."""

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return the words of a text in small letters, with their tones."""
    return [word[:LONGEST] for word in _WORD.findall(normalize("NFC", text).lower())][:MOST]


def terms_of(name: str) -> list[str]:
    """Return what a name is found by: each word with its tones, and without them each beginning of each word.

    They are looked up as they are, so that an index can give what matches in any order: no pattern, no range.
    """
    toned = words(name)
    plain = [without_marks(word) for word in toned]
    beginnings = {word[:length] for word in plain for length in range(min(SHORTEST, len(word)), len(word) + 1)}
    return sorted(beginnings.union(toned))


@dataclass(frozen=True)
class NameSearch:
    """What somebody looks for.

    Attributes:
        toned: the words as they were written.
        plain: the same without tones.
    """

    toned: tuple[str, ...]
    plain: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what somebody has written.

        Raises:
            ValidationFailed: no word of it has two letters.
        """
        toned = words(text)
        if not any(len(word) >= SHORTEST for word in toned):
            message = f"wants a word of at least {SHORTEST} letters"
            violation = FieldViolation("query", "QUERY_TOO_SHORT", message)
            raise ValidationFailed("QUERY_TOO_SHORT", message, [violation], letters=str(SHORTEST))
        return cls(tuple(toned), tuple(without_marks(word) for word in toned))

    @property
    def marked(self) -> list[str]:
        """The words that were written with tones; names that have them come first."""
        return [word for word, plain in zip(self.toned, self.plain, strict=True) if word != plain]

    @property
    def exact_term(self) -> str:
        """The term that names with the same tones have, the longest, as the fewest have it; empty without tones."""
        return max(self.marked, key=len, default="")

    @property
    def term(self) -> str:
        """The term that all names which match have."""
        return max(self.plain, key=len)

    def is_exact(self, name: str) -> bool:
        """Tell whether a name matches with the tones that were written, the longest such word as a whole."""
        found = words(name)
        return self.exact_term in found and _begin(self.marked, found) and self.matches(name)

    def matches(self, name: str) -> bool:
        """Tell whether each word, without tones, begins a word of a name."""
        return _begin(self.plain, [without_marks(word) for word in words(name)])


def _begin(beginnings: Iterable[str], found: Iterable[str]) -> bool:
    return all(any(word.startswith(beginning) for word in found) for beginning in beginnings)
