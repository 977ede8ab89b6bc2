"""How a short message is cut into segments, which is what the gateway charges for (3GPP TS 23.038, TS 23.040)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Characters that take one septet."""

GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Characters that take two septets, an escape and their code; a pair is never cut in two."""


class SmsEncoding(StrEnum):
    """Alphabet of a short message; one character outside GSM-7 turns all of it into UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


SINGLE = {SmsEncoding.GSM7: 160, SmsEncoding.UCS2: 70}
"""Units in a message of one segment: septets or UTF-16 code units."""

PART = {SmsEncoding.GSM7: 153, SmsEncoding.UCS2: 67}
"""Units in each part of a longer one; the rest holds the concatenation header."""


@dataclass(frozen=True)
class Segments:
    """How a text goes out.

    Attributes:
        encoding: alphabet that the text needs.
        units: septets (GSM-7) or 16-bit units (UCS-2).
        count: segments charged; 0 for an empty text.
    """

    encoding: SmsEncoding
    units: int
    count: int


def count_segments(text: str) -> Segments:
    """Count the segments of a text as a handset would receive it, composed (NFC)."""
    text = unicodedata.normalize("NFC", text)
    encoding = SmsEncoding.GSM7 if set(text) <= GSM7_BASIC | GSM7_EXTENSION else SmsEncoding.UCS2
    widths = [_width(character, encoding) for character in text]
    units = sum(widths)
    if units <= SINGLE[encoding]:
        return Segments(encoding, units, 1 if text else 0)
    return Segments(encoding, units, _parts(widths, PART[encoding]))


def _width(character: str, encoding: SmsEncoding) -> int:
    if encoding is SmsEncoding.GSM7:
        return 2 if character in GSM7_EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1  # noqa: PLR2004 - beyond the basic plane: a surrogate pair


def _parts(widths: list[int], room: int) -> int:
    """Fill parts one after the other, as a character of two units must lie in one part."""
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts
