"""Vietnamese text without marks, and addresses without their middle."""

from __future__ import annotations

from motcua_kit.domain.text import without_marks

_TYPOGRAPHY = str.maketrans({"–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'", "…": "...", "\u00a0": " "})


def fold(text: str) -> str:
    """Return the text without Vietnamese marks, so that a short message fits the GSM-7 alphabet.

    `Đường Nguyễn Trãi` becomes `Duong Nguyen Trai`.
    """
    return without_marks(text.translate(_TYPOGRAPHY))


def mask_phone(phone: str) -> str:
    """Return an E.164 number with all but the country code and the last three digits hidden."""
    kept_head, kept_tail = 3, 3
    return f"{phone[:kept_head]}{'*' * max(0, len(phone) - kept_head - kept_tail)}{phone[-kept_tail:]}"


def mask_email(email: str) -> str:
    """Return an address with the local part hidden but for its first character, e.g. `n***@example.vn`."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain}"
