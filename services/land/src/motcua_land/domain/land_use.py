"""What land may be used for, and how an area on paper compares with the measured one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from motcua_kit.domain import FieldViolation, ValidationFailed


@dataclass(frozen=True)
class LandUseCode:
    """A code of the land-use catalogue (mã loại đất).

    Attributes:
        code: e.g. `ODT`.
        name: Vietnamese name.
        group: `agricultural`, `residential`, `office_security`, `public_works`, `production`, `public_purpose`,
            `other_non_agricultural` or `unused`.
        source: law text with the catalogue.
        article: annex or article in it.
        valid_from: first day it may be given to a parcel.
        valid_to: last day; None while in force. Codes past it are still read on old papers.
        confidence: `sure`, `likely`, `check` or `own`.
        residential: whether a house may stand on it (Luật Xây dựng 135/2025/QH15, Điều 48.3: lawful residential land).
    """

    code: str
    name: str
    group: str
    source: str
    article: str
    valid_from: date
    confidence: str
    valid_to: date | None = None
    residential: bool = False


@dataclass(frozen=True)
class OriginCode:
    """Where a right of use comes from (nguồn gốc sử dụng đất), as certificates abbreviate it."""

    code: str
    name: str
    source: str
    article: str
    valid_from: date
    confidence: str
    valid_to: date | None = None


class LandUseCatalogue:
    """The codes in force and those of old papers."""

    def __init__(self, codes: Iterable[LandUseCode]) -> None:
        self._codes: Mapping[str, LandUseCode] = {code.code: code for code in codes}

    def get(self, code: str) -> LandUseCode:
        """Return a code, in force or not.

        Raises:
            ValidationFailed: LAND_USE_CODE_UNKNOWN.
        """
        try:
            return self._codes[code]
        except KeyError:
            message = f"{code} is not in the land-use catalogue"
            raise ValidationFailed(
                "LAND_USE_CODE_UNKNOWN", message, [FieldViolation("code", "LAND_USE_CODE_UNKNOWN", message)], code=code
            ) from None


@dataclass(frozen=True, slots=True)
class LandUse:
    """One permitted use of a parcel.

    Attributes:
        code: code of the catalogue.
        area_m2: part of the area, m².
        expire_date: last day of the term; None when long-term (lâu dài).
        origin_code: where the right comes from, e.g. `CNQ-CTT`.
    """

    code: str
    area_m2: float
    expire_date: date | None = None
    origin_code: str = ""


@dataclass(frozen=True)
class AreaToleranceExample:
    """A worked case of the tolerance rule; runs as a test."""

    map_scale: int
    area_m2: float
    tolerance_m2: float


@dataclass(frozen=True)
class AreaTolerance:
    """By how much a measured area may differ: factor × scale denominator × √area, m².

    Attributes:
        factor: of the formula.
        source: law text.
        article: part of it.
        valid_from: first day.
        confidence: `sure`, `likely`, `check` or `own`.
        examples: worked cases.
        valid_to: last day; None while in force.
    """

    factor: float
    source: str
    article: str
    valid_from: date
    confidence: str
    examples: tuple[AreaToleranceExample, ...] = ()
    valid_to: date | None = None

    def tolerance_m2(self, map_scale: int, area_m2: float) -> float:
        """Return the greatest difference allowed for an area measured at a scale of 1:`map_scale`, m²."""
        return round(self.factor * map_scale * math.sqrt(area_m2), 2)


@dataclass(frozen=True, slots=True)
class ParcelArea:
    """Legal and measured area of a parcel: two facts, never one made from the other.

    Attributes:
        measured_m2: from the measured boundary.
        tolerance_m2: difference that the survey rules allow at the map scale.
        legal_m2: on the certificate or decision; 0 without one.
    """

    measured_m2: float
    tolerance_m2: float
    legal_m2: float = 0.0

    @property
    def within_tolerance(self) -> bool:
        """Whether paper and measurement agree; true when there is no paper."""
        return self.legal_m2 == 0 or round(abs(self.legal_m2 - self.measured_m2), 2) <= self.tolerance_m2
