"""The tax code of organisations (mã số thuế; TT 105/2020/TT-BTC)."""

from __future__ import annotations

import re

from motcua_kit.domain import FieldViolation, ValidationFailed

_STRUCTURE = re.compile(r"(?P<payer>[0-9]{9})(?P<check>[0-9])(-(?P<branch>[0-9]{3}))?", re.ASCII)
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_MODULUS = 11
_NO_BRANCH = "000"
_NO_SERIAL = "0000000"


def check_tax_code(code: str) -> None:
    """Let a tax code of valid structure and check digit pass.

    Ten digits – tax region (2), serial from 0000001 (7), check digit 10 − (Σ weight × digit mod 11) – or ten digits,
    `-` and the branch 001–999. The personal identification number that households use as a tax code since 1 July 2025
    is not a code of an organisation.

    Raises:
        ValidationFailed: `TAX_CODE_INVALID`.
    """
    match = _STRUCTURE.fullmatch(code)
    if match and match["branch"] != _NO_BRANCH and match["payer"][2:] != _NO_SERIAL:
        total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, match["payer"], strict=True))
        # A remainder of 0 would need the check "digit" 10: such numbers were never issued.
        if 10 - total % _MODULUS == int(match["check"]):
            return
    message = "not a tax code that can have been issued"
    raise ValidationFailed("TAX_CODE_INVALID", message, [FieldViolation("tax_code", "TAX_CODE_INVALID", message)])
