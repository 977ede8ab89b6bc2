"""Rights in land, encumbrances and restrictions, and who holds them. LADM: LA_RRR and LA_Party."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from motcua_kit.domain import FieldViolation, ValidationFailed

CITIZEN_ID = re.compile(r"[0-9]{12}")
"""Personal identification number (số định danh cá nhân): no check digit, so its form is all that can be checked."""


class RightKind(StrEnum):
    """What kind of right."""

    USE = "USE"
    MORTGAGE = "MORTGAGE"
    RESTRICTION = "RESTRICTION"


class Restriction(StrEnum):
    """What kind of restriction."""

    UNSPECIFIED = "UNSPECIFIED"
    DISPUTE = "DISPUTE"
    SEIZURE = "SEIZURE"
    RECALL = "RECALL"
    CORRIDOR = "CORRIDOR"


BLOCKING = frozenset({Restriction.DISPUTE, Restriction.SEIZURE, Restriction.RECALL})
"""Restrictions that stand in the way of building and of transactions until lifted; a corridor limits where to build."""


class HolderKind(StrEnum):
    """What kind of party holds a right."""

    PERSON = "PERSON"
    SPOUSE = "SPOUSE"
    CO_OWNER = "CO_OWNER"
    ORGANISATION = "ORGANISATION"
    COMMUNITY = "COMMUNITY"
    RELIGIOUS_BODY = "RELIGIOUS_BODY"
    FOREIGN_INVESTED = "FOREIGN_INVESTED"
    LENDER = "LENDER"
    AUTHORITY = "AUTHORITY"


PEOPLE = frozenset({HolderKind.PERSON, HolderKind.SPOUSE, HolderKind.CO_OWNER})
"""Holders that are persons and have a personal identification number."""


def check_citizen_id(citizen_id: str) -> None:
    """Refuse what cannot be a personal identification number (NĐ 70/2024: twelve digits, no check digit).

    Raises:
        ValidationFailed: CITIZEN_ID_INVALID. The number itself is not in the error: it may be somebody's.
    """
    if not CITIZEN_ID.fullmatch(citizen_id):
        message = "a personal identification number has 12 digits"
        raise ValidationFailed(
            "CITIZEN_ID_INVALID", message, [FieldViolation("citizen_id", "CITIZEN_ID_INVALID", message)]
        )


@dataclass(frozen=True, slots=True)
class RightHolder:
    """A party with its share in a right.

    Attributes:
        kind: kind of party.
        display_name: legal name.
        citizen_id: for people.
        tax_code: for organisations, where known.
        share_numerator: numerator of the share; 0 when held jointly.
        share_denominator: denominator of the share; 0 when held jointly.
    """

    kind: HolderKind
    display_name: str
    citizen_id: str = ""
    tax_code: str = ""
    share_numerator: int = 0
    share_denominator: int = 0

    def __post_init__(self) -> None:
        if self.kind in PEOPLE:
            check_citizen_id(self.citizen_id)

    @property
    def share(self) -> Fraction | None:
        """Share in the right; None when held jointly."""
        return Fraction(self.share_numerator, self.share_denominator) if self.share_denominator else None


def check_shares(holders: Sequence[RightHolder]) -> None:
    """Refuse holders whose shares are not the whole (BLDS 2015, Điều 209–210: by shares, or jointly without).

    Raises:
        ValidationFailed: SHARES_INVALID.
    """
    shares = [holder.share for holder in holders]
    known = [share for share in shares if share is not None]
    if not shares or (known and (len(known) != len(shares) or sum(known) != 1 or min(known) <= 0)):
        message = "shares must all be given and add up to one, or none be given"
        raise ValidationFailed(
            "SHARES_INVALID",
            message,
            [FieldViolation("holders", "SHARES_INVALID", message)],
            sum=str(sum(known, Fraction(0))),
        )


@dataclass(frozen=True, slots=True)
class Right:
    """A right in a parcel, or a restriction of one.

    Attributes:
        id: unique in the parcel.
        kind: kind.
        holders: who holds it; for a mortgage the lender, for a restriction the authority.
        register_time: when it was entered; mortgages rank by it (NĐ 99/2022, Điều 16).
        restriction: kind of restriction, for restrictions.
        certificate: certificate that states it, `certificates/{id}`; empty for land without one.
        source_document: contract, decision or judgement it comes from.
        end_time: when it ended; None while in force.
    """

    id: str
    kind: RightKind
    holders: tuple[RightHolder, ...]
    register_time: datetime
    restriction: Restriction = Restriction.UNSPECIFIED
    certificate: str = ""
    source_document: str = ""
    end_time: datetime | None = None

    def __post_init__(self) -> None:
        if self.kind is RightKind.USE:
            check_shares(self.holders)

    @property
    def in_force(self) -> bool:
        """Whether it has not ended."""
        return self.end_time is None

    @property
    def rank(self) -> tuple[str, str]:
        """Place in the order of entry."""
        return self.register_time.isoformat(), self.id

    @property
    def joint(self) -> bool:
        """Whether several hold it without shares (sở hữu chung hợp nhất)."""
        return len(self.holders) > 1 and all(holder.share is None for holder in self.holders)

    @property
    def blocking(self) -> bool:
        """Whether it stands in the way until somebody acts: a lender's consent, or a decision that lifts it."""
        return self.in_force and (self.kind is RightKind.MORTGAGE or self.restriction in BLOCKING)

    def held_by(self, citizen_id: str) -> RightHolder | None:
        """Return the holder with this personal number, if there is one."""
        return next((holder for holder in self.holders if holder.citizen_id == citizen_id), None)
