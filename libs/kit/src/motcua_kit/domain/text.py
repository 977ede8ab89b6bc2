"""Vietnamese text without marks."""

from __future__ import annotations

import unicodedata

_STROKED = str.maketrans({"đ": "d", "Đ": "D"})  # NFD does not take these apart


def without_marks(text: str) -> str:
    """Return the text without tones and other marks: `Đường Nguyễn Trãi` becomes `Duong Nguyen Trai`."""
    apart = unicodedata.normalize("NFD", text.translate(_STROKED))
    return unicodedata.normalize("NFC", "".join(letter for letter in apart if not unicodedata.combining(letter)))
