"""Certificates of land use rights (Giấy chứng nhận): serials, forms, contents. LADM: LA_AdministrativeSource."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from motcua_kit.domain import Aggregate, FieldViolation, ValidationFailed
from motcua_land.domain.land_use import LandUse
from motcua_land.domain.parcel import CadastralKey
from motcua_land.domain.rights import RightHolder, check_shares

SERIAL = re.compile(r"([A-ZĐ]{1,2}) ?([0-9]{6,8})")
"""Any serial ever printed: one or two letters, then six to eight digits."""


class CertificateForm(StrEnum):
    """Printed form."""

    LAW_1993 = "LAW_1993"
    LAW_2003 = "LAW_2003"
    DECREE_88_2009 = "DECREE_88_2009"
    DECREE_43_2014 = "DECREE_43_2014"
    LAW_2024 = "LAW_2024"


class CertificateState(StrEnum):
    """Where a certificate is in its life."""

    VALID = "VALID"
    REPLACED = "REPLACED"
    REVOKED = "REVOKED"


@dataclass(frozen=True)
class CertificateFormExample:
    """A serial with a day of signature, and whether the form can bear them; runs as a test."""

    serial: str
    signed: date
    matches: bool


@dataclass(frozen=True)
class CertificateFormRule:
    """What a printed form looks like.

    Attributes:
        form: the form.
        pattern: regular expression of its serial, blanks taken out.
        valid_from: first day it was signed.
        valid_to: last day; None while in use.
        source: law text.
        article: part of it.
        confidence: `sure`, `likely`, `check` or `own`.
        examples: cases that run as tests.
    """

    form: CertificateForm
    pattern: str
    valid_from: date
    source: str
    article: str
    confidence: str
    valid_to: date | None = None
    examples: tuple[CertificateFormExample, ...] = ()

    def matches(self, serial: str, signed: date) -> bool:
        """Whether a certificate of this form can bear the serial and the day of signature."""
        in_use = self.valid_from <= signed and (self.valid_to is None or signed <= self.valid_to)
        return in_use and re.fullmatch(self.pattern, serial.replace(" ", "")) is not None


def normal_serial(text: str) -> str:
    """Return a serial as it is printed: capitals, one blank between letters and digits.

    Raises:
        ValidationFailed: CERTIFICATE_SERIAL_INVALID.
    """
    match = SERIAL.fullmatch("".join(text.split()).upper())
    if match is None:
        message = "a serial is one or two letters and six to eight digits"
        raise ValidationFailed(
            "CERTIFICATE_SERIAL_INVALID",
            message,
            [FieldViolation("serial", "CERTIFICATE_SERIAL_INVALID", message)],
            serial=text,
        )
    return f"{match[1]} {match[2]}"


def certificate_id(serial: str) -> str:
    """Return the id for a serial: lower case, no blank, `đ` written `d-` as ids are ASCII.

    Raises:
        ValidationFailed: CERTIFICATE_SERIAL_INVALID.
    """
    return normal_serial(serial).replace(" ", "").lower().replace("đ", "d-")


def normal_register_number(text: str) -> str:
    """Return a register number (số vào sổ) without dots and blanks; written by hand, so nothing else is changed."""
    return re.sub(r"[.\s]", "", text)


@dataclass(frozen=True, slots=True)
class CertificateParcel:
    """One parcel on a certificate, as printed; it may differ from what the register says now."""

    parcel: str
    cadastral_key: CadastralKey
    area_m2: float
    land_uses: tuple[LandUse, ...]
    address: str


@dataclass(kw_only=True)
class Certificate(Aggregate):
    """A certificate as printed. Who holds what now is in the rights of the parcels.

    The id is made of the serial.

    Attributes:
        serial: as printed.
        form: printed form.
        register_number: number in the register of certificates.
        issue_date: day it was signed.
        issuer: authority that signed.
        holders: as printed.
        parcels: as printed; several for class C.
        assets: assets on the land as printed.
        replaces: certificate it replaced, `certificates/{id}`.
        state: where it is in its life.
    """

    serial: str
    form: CertificateForm
    register_number: str
    issue_date: date
    issuer: str
    holders: tuple[RightHolder, ...]
    parcels: tuple[CertificateParcel, ...]
    assets: str = ""
    replaces: str = ""
    state: CertificateState = CertificateState.VALID

    def __post_init__(self) -> None:
        self.serial = normal_serial(self.serial)
        self.register_number = normal_register_number(self.register_number)
        check_shares(self.holders)

    @property
    def name(self) -> str:
        """Resource name."""
        return f"certificates/{self.id}"

    @property
    def joint(self) -> bool:
        """Whether several hold without shares."""
        return len(self.holders) > 1 and all(holder.share is None for holder in self.holders)
