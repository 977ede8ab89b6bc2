"""The structure of the personal identification number."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_identity.domain.birth_provinces import BIRTH_PROVINCES
from motcua_identity.domain.citizen_id import CitizenId, Sex
from motcua_kit.domain import ValidationFailed


@pytest.mark.parametrize(
    ("number", "province", "sex", "year"),
    [
        ("079203012345", "079", Sex.MALE, 2003),
        ("001099000001", "001", Sex.MALE, 1999),
        ("096185000001", "096", Sex.FEMALE, 1985),
        ("079300000001", "079", Sex.FEMALE, 2000),
        ("079410000001", "079", Sex.MALE, 2110),
        ("079511000001", "079", Sex.FEMALE, 2111),
        ("079899000001", "079", Sex.MALE, 2399),
        ("079999000001", "079", Sex.FEMALE, 2399),
    ],
)
def test_what_a_number_says(number: str, province: str, sex: Sex, year: int) -> None:
    known = CitizenId.parse(number)
    assert (known.province, known.sex, known.birth_year, known.province_known) == (province, sex, year, True)


@pytest.mark.parametrize(
    "number", ["", "07920301234", "0792030123456", "07920301234x", "079 203012345", "٠٧٩٢٠٣٠١٢٣٤٥", "079203012345\n"]
)
def test_what_is_no_number(number: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        CitizenId.parse(number)
    assert error.value.reason == "CITIZEN_ID_MALFORMED"


def test_a_number_from_outside_the_table_is_taken_and_marked() -> None:
    assert not CitizenId.parse("500192000777").province_known


def test_all_63_provinces_are_in_the_table() -> None:
    assert len(BIRTH_PROVINCES) == 63
    assert BIRTH_PROVINCES["079"] == "Thành phố Hồ Chí Minh"


@pytest.mark.parametrize(
    ("born", "sex", "reason"),
    [
        (date(2004, 1, 1), Sex.MALE, "CITIZEN_ID_BIRTH_YEAR_MISMATCH"),
        (date(1903, 1, 1), None, "CITIZEN_ID_BIRTH_YEAR_MISMATCH"),
        (date(2003, 1, 1), Sex.FEMALE, "CITIZEN_ID_SEX_MISMATCH"),
    ],
)
def test_facts_that_contradict_the_number(born: date, sex: Sex | None, reason: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        CitizenId.parse("079203012345").agree_with(born, sex)
    assert error.value.reason == reason


@given(
    province=st.sampled_from(sorted(BIRTH_PROVINCES)),
    sex=st.sampled_from(Sex),
    born=st.dates(date(1900, 1, 1), date(2399, 12, 31)),
    tail=st.integers(0, 999_999),
)
def test_every_person_has_a_number_that_agrees(province: str, sex: Sex, born: date, tail: int) -> None:
    digit = 2 * (born.year // 100 - 19) + (sex is Sex.FEMALE)
    number = f"{province}{digit}{born.year % 100:02}{tail:06}"
    CitizenId.parse(number).agree_with(born, sex)
