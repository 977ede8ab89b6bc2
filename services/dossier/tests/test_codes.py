from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_dossier.domain.codes import dossier_code, is_agency_code

CODE = re.compile(r"[A-Z][0-9]{2}(\.[A-Z0-9]{1,6}){0,4}-[0-9]{6}-[0-9]{4,7}")
"""Form of a code under TT 03/2025/TT-VPCP."""


@pytest.mark.parametrize(
    ("text", "valid"),
    [("H29", True), ("H29.26740", True), ("H15.50.05.13", True), ("H29.", False), ("29.H", False), ("", False)],
)
def test_agency_codes(text: str, valid: bool) -> None:  # noqa: FBT001
    assert is_agency_code(text) is valid


def test_the_example_of_the_law() -> None:
    assert dossier_code("H15.50.05.13", date(2026, 10, 8), 975) == "H15.50.05.13-261008-0975"


@given(st.dates(date(2025, 1, 1), date(2099, 12, 31)), st.integers(1, 9_999_999))
def test_every_code_has_the_form_of_the_law(day: date, sequence: int) -> None:
    assert CODE.fullmatch(dossier_code("H29.26740", day, sequence))
