"""Codes of dossiers (mã hồ sơ): agency, day and a number that starts anew for each agency each day."""

from __future__ import annotations

import re
from datetime import date

AGENCY = re.compile(r"[A-Z][0-9]{2}(\.[A-Z0-9]{1,6}){0,4}")
"""Form of an agency's code (mã định danh, QĐ 20/2020/QĐ-TTg): groups from big to small, as far as dossiers need it."""


def is_agency_code(text: str) -> bool:
    """Tell whether a text can begin the code of a dossier."""
    return AGENCY.fullmatch(text) is not None


def dossier_code(agency: str, day: date, sequence: int) -> str:
    """Return the code of a dossier.

    Args:
        agency: code of the agency (QĐ 20/2020/QĐ-TTg), e.g. `H29.26740`.
        day: civil date of submission.
        sequence: number of the dossier at that agency on that day, from 1.
    """
    return f"{agency}-{day:%y%m%d}-{sequence:04d}"
