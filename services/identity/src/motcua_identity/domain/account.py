"""Accounts of people, made and kept true by the national e-ID."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum

from motcua_identity.domain.citizen_id import CitizenId, Sex
from motcua_kit.domain import Aggregate, PreconditionFailed


class AssuranceLevel(IntEnum):
    """How surely the e-ID knows the person (mức độ tài khoản định danh; NĐ 69/2024).

    ONE: registered online. TWO: seen in person, biometrics compared.
    """

    UNSPECIFIED = 0
    ONE = 1
    TWO = 2


class Locale(StrEnum):
    """Languages in which the City writes to people."""

    VI = "vi"
    EN = "en"


@dataclass(frozen=True, slots=True)
class EidIdentity:
    """What the e-ID asserts about a person at a sign-in.

    Attributes:
        issuer: the e-ID provider.
        subject: the person's identifier there; opaque.
        level: assurance of this sign-in.
        citizen_id: the verified number.
        full_name: legal name.
        birth_date: date of birth.
        sex: sex registered at birth; None when not asserted.
        address: place of residence, one line.
        address_unit: ward of it, `units/{code}`; empty when not asserted.
        phone: E.164; empty when not asserted.
        email: empty when not asserted.
    """

    issuer: str
    subject: str
    level: AssuranceLevel
    citizen_id: CitizenId
    full_name: str
    birth_date: date
    sex: Sex | None = None
    address: str = ""
    address_unit: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class EidLink:
    """The tie between an account and the e-ID."""

    issuer: str
    subject: str
    verified_time: datetime


@dataclass(kw_only=True)
class Account(Aggregate):
    """A person known to the City.

    Attributes:
        citizen_id: personal identification number, verified; unique.
        full_name: legal name, verified.
        birth_date: verified.
        sex: as the number states it.
        address: place of residence as the e-ID states it.
        address_unit: ward of it, `units/{code}`, or empty.
        phone: E.164, or empty. First taken from the e-ID, then the person's own to change.
        email: the same.
        locale: language of messages.
        assurance_level: at the latest sign-in.
        link: e-ID subject; never a password, never biometrics.
    """

    citizen_id: str
    full_name: str
    birth_date: date
    sex: Sex
    assurance_level: AssuranceLevel
    link: EidLink
    address: str = ""
    address_unit: str = ""
    phone: str = ""
    email: str = ""
    locale: Locale = Locale.VI

    @classmethod
    def open(cls, id: str, identity: EidIdentity, now: datetime) -> Account:
        """Open the account of a person who signs in for the first time.

        Raises:
            ValidationFailed: the asserted facts contradict the number.
        """
        identity.citizen_id.agree_with(identity.birth_date, identity.sex)
        return cls(
            id=id,
            citizen_id=identity.citizen_id.number,
            full_name=identity.full_name,
            birth_date=identity.birth_date,
            sex=identity.citizen_id.sex,
            address=identity.address,
            address_unit=identity.address_unit,
            phone=identity.phone,
            email=identity.email,
            assurance_level=identity.level,
            link=EidLink(identity.issuer, identity.subject, now),
        )

    def verify(self, identity: EidIdentity, now: datetime) -> None:
        """Take over what the e-ID asserts at a further sign-in; contact data stays the person's own.

        A new subject for the same number is taken over: the number is the person, and the e-ID has verified it.

        Raises:
            PreconditionFailed: `EID_SUBJECT_CONFLICT`; the identity is of another number.
            ValidationFailed: the asserted facts contradict the number.
        """
        if identity.citizen_id.number != self.citizen_id:
            raise PreconditionFailed("EID_SUBJECT_CONFLICT", "the e-ID subject now asserts another number")
        identity.citizen_id.agree_with(identity.birth_date, identity.sex)
        self.full_name = identity.full_name
        self.birth_date = identity.birth_date
        self.address = identity.address
        self.address_unit = identity.address_unit
        self.assurance_level = identity.level
        self.link = EidLink(identity.issuer, identity.subject, now)

    def reach_at(self, *, phone: str | None = None, email: str | None = None, locale: Locale | None = None) -> None:
        """Change how the person is reached; None leaves a part as it is."""
        if phone is not None:
            self.phone = phone
        if email is not None:
            self.email = email
        if locale is not None:
            self.locale = locale
