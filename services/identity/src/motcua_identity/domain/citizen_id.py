"""The personal identification number (số định danh cá nhân; Luật Căn cước 26/2023, NĐ 70/2024).

`PPP C YY NNNNNN`: province of birth registration, century and sex, year of birth, random digits. There is no check
digit, so only the structure can be judged and nothing may be "corrected".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from motcua_identity.domain.birth_provinces import BIRTH_PROVINCES
from motcua_kit.domain import FieldViolation, ValidationFailed

_STRUCTURE = re.compile(r"[0-9]{12}", re.ASCII)
_FIRST_CENTURY = 1900


class Sex(StrEnum):
    """Sex as the number states it."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class CitizenId:
    """A number of valid structure and what can be read from it.

    Attributes:
        number: the 12 digits.
        province: code of the province of birth registration.
        sex: sex registered at birth.
        birth_year: four digits.
    """

    number: str
    province: str
    sex: Sex
    birth_year: int

    @classmethod
    def parse(cls, number: str) -> CitizenId:
        """Read a number.

        Raises:
            ValidationFailed: `CITIZEN_ID_MALFORMED`; it is not 12 digits.
        """
        if not _STRUCTURE.fullmatch(number):
            raise _refuse("CITIZEN_ID_MALFORMED", "want 12 digits")
        century_and_sex = int(number[3])
        century = _FIRST_CENTURY + 100 * (century_and_sex // 2)
        return cls(
            number=number,
            province=number[:3],
            sex=Sex.FEMALE if century_and_sex % 2 else Sex.MALE,
            birth_year=century + int(number[4:6]),
        )

    @property
    def province_known(self) -> bool:
        """Whether the province code is in the table; people born abroad have codes outside of it."""
        return self.province in BIRTH_PROVINCES

    def agree_with(self, birth_date: date, sex: Sex | None) -> None:
        """Compare the number with the other facts of the same person; an unstated sex is not compared.

        Raises:
            ValidationFailed: `CITIZEN_ID_BIRTH_YEAR_MISMATCH` or `CITIZEN_ID_SEX_MISMATCH`.
        """
        if birth_date.year != self.birth_year:
            raise _refuse("CITIZEN_ID_BIRTH_YEAR_MISMATCH", "the number states another year of birth")
        if sex is not None and sex is not self.sex:
            raise _refuse("CITIZEN_ID_SEX_MISMATCH", "the number states another sex")


def _refuse(reason: str, message: str) -> ValidationFailed:
    return ValidationFailed(reason, message, [FieldViolation("citizen_id", reason, message)])
