"""Parcels: plots of land with a boundary, a code for life, and rights in them. LADM: LA_SpatialUnit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from motcua_kit.domain import Aggregate, FieldViolation, NotFound, ValidationFailed
from motcua_land.domain import geohash
from motcua_land.domain.boundary import Boundary
from motcua_land.domain.crs import GeoPoint
from motcua_land.domain.land_use import LandUse, ParcelArea
from motcua_land.domain.rights import Right, RightKind, check_citizen_id

PARCEL_CODE = re.compile(rf"[{geohash.ALPHABET}]{{12}}")
WARD_CODE = re.compile(r"[0-9]{5}")


class ParcelState(StrEnum):
    """Where a parcel is in its life."""

    CURRENT = "CURRENT"
    CLOSED = "CLOSED"


class ParcelClass(StrEnum):
    """What the register holds about a parcel (TT 10/2024): the letter is the law's."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    G = "G"


@dataclass(frozen=True, slots=True)
class CadastralKey:
    """Key on papers: ward at the time of the survey + sheet (số tờ) + number (số thửa).

    Wards merged on 1 July 2025 and sheets were not renumbered, so sheet and number are unique in the *old* ward only.

    Raises:
        ValidationFailed: PARCEL_CODE_INVALID.
    """

    surveyed_ward_code: str
    map_sheet: int
    parcel_number: int

    def __post_init__(self) -> None:
        if not WARD_CODE.fullmatch(self.surveyed_ward_code) or self.map_sheet < 1 or self.parcel_number < 1:
            message = "a cadastral key is a five-digit ward code, a sheet and a number"
            raise ValidationFailed(
                "PARCEL_CODE_INVALID",
                message,
                [FieldViolation("cadastral_key", "PARCEL_CODE_INVALID", message)],
                code=str(self),
            )

    def __str__(self) -> str:
        return f"{self.surveyed_ward_code}/{self.map_sheet}/{self.parcel_number}"


@dataclass(frozen=True, slots=True)
class RecordSource:
    """Where a record comes from: document, its date, and the denominator of the map scale."""

    document: str
    document_date: date
    map_scale: int = 0


def parcel_code(boundary: Boundary) -> str:
    """Return the code for a new parcel (mã định danh thửa đất; TT 19/2026/TT-BNNMT, Annex I).

    The 12-character geohash of the WGS 84 position of the point deepest inside. It is an id: given once, stored, never
    computed again, for a cell is smaller than the error of the datum shift.
    """
    place = boundary.location()
    return geohash.encode(place.latitude, place.longitude)


def check_parcel_code(code: str) -> None:
    """Refuse what is not a parcel code.

    Raises:
        ValidationFailed: PARCEL_CODE_INVALID.
    """
    if not PARCEL_CODE.fullmatch(code):
        message = "a parcel code is a geohash of twelve characters"
        raise ValidationFailed(
            "PARCEL_CODE_INVALID", message, [FieldViolation("name", "PARCEL_CODE_INVALID", message)], code=code
        )


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whether a person holds the right to use a parcel, and what stands in the way of building on it.

    Attributes:
        parcel: `parcels/{code}`.
        holds: whether the person holds the right of use now, alone or with others.
        sole: whether nobody else does.
        share_numerator: share; 0 when the person does not hold, or holds jointly.
        share_denominator: denominator of the share.
        certificate: certificate that states the right; empty without one.
        blocking: rights and restrictions in force that block.
    """

    parcel: str
    holds: bool
    sole: bool = False
    share_numerator: int = 0
    share_denominator: int = 0
    certificate: str = ""
    blocking: tuple[Right, ...] = ()

    @property
    def mortgaged(self) -> bool:
        """Whether a mortgage is registered: building needs the lender's consent."""
        return any(right.kind is RightKind.MORTGAGE for right in self.blocking)

    @property
    def restricted(self) -> bool:
        """Whether a restriction blocks building."""
        return any(right.kind is RightKind.RESTRICTION for right in self.blocking)


@dataclass(kw_only=True)
class Parcel(Aggregate):
    """A plot of land (thửa đất) with the rights in it.

    The id is the parcel code.

    Attributes:
        cadastral_key: key on papers.
        unit: unit it lies in now, `units/{code}`.
        address: as the register has it.
        boundary: in the system of the survey.
        location: point deepest inside, WGS 84, as of when the code was given.
        area: legal and measured.
        land_uses: permitted uses; their areas add up to the legal area.
        parcel_class: what the register holds.
        rights: all rights ever entered, ended ones too.
        road: code of the road that serves it; empty without one.
        frontage_m: length along that road, m.
        zone: code of the planning zone it lies in; empty when none is known.
        source: where the record comes from.
        state: where it is in its life.
        predecessors: parcels it was made of, `parcels/{code}`.
        cells: geohash cells that cover it, indexed to find it by a point.
        users: personal numbers of those who hold the right of use now, indexed to find what a person holds.
    """

    cadastral_key: CadastralKey
    unit: str
    address: str
    boundary: Boundary
    location: GeoPoint
    area: ParcelArea
    land_uses: tuple[LandUse, ...]
    parcel_class: ParcelClass
    source: RecordSource
    rights: tuple[Right, ...] = ()
    road: str = ""
    frontage_m: float = 0.0
    zone: str = ""
    state: ParcelState = ParcelState.CURRENT
    predecessors: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    users: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        check_parcel_code(self.id)
        self.cells = self.cells or self.boundary.grid_cells()
        self.users = tuple(
            sorted({holder.citizen_id for right in self._in_force(RightKind.USE) for holder in right.holders} - {""})
        )

    @property
    def name(self) -> str:
        """Resource name."""
        return f"parcels/{self.id}"

    @property
    def certificates(self) -> tuple[str, ...]:
        """Certificates that state rights of use in force."""
        return tuple(sorted({right.certificate for right in self._in_force(RightKind.USE)} - {""}))

    @property
    def encumbrances(self) -> tuple[Right, ...]:
        """Mortgages and restrictions in force, in the order they were entered."""
        return tuple(right for right in self.rights_in_force if right.kind is not RightKind.USE)

    @property
    def rights_in_force(self) -> tuple[Right, ...]:
        """Rights that have not ended, in the order they were entered."""
        return tuple(sorted((right for right in self.rights if right.in_force), key=lambda right: right.rank))

    @property
    def mortgaged(self) -> bool:
        """Whether a mortgage is in force."""
        return bool(self._in_force(RightKind.MORTGAGE))

    @property
    def restricted(self) -> bool:
        """Whether a restriction that blocks is in force."""
        return any(right.blocking for right in self._in_force(RightKind.RESTRICTION))

    def use_right_of(self, citizen_id: str) -> Right:
        """Return the right of use that a person holds now.

        Raises:
            NotFound: the person holds none in this parcel.
        """
        for right in self._in_force(RightKind.USE):
            if right.held_by(citizen_id):
                return right
        raise NotFound("PARCEL_NOT_FOUND", "the person holds no right of use in the parcel", resource=self.name)

    def ownership_of(self, citizen_id: str) -> Ownership:
        """Tell whether a person holds the right of use, and what blocks building.

        What blocks is a mortgage without the lender's consent, a dispute, a seizure or a recall decision.

        Raises:
            ValidationFailed: CITIZEN_ID_INVALID.
        """
        check_citizen_id(citizen_id)
        blocking = tuple(right for right in self.encumbrances if right.blocking)
        uses = self._in_force(RightKind.USE)
        for right in uses:
            holder = right.held_by(citizen_id)
            if holder is not None:
                return Ownership(
                    parcel=self.name,
                    holds=True,
                    sole=len(uses) == 1 and len(right.holders) == 1,
                    share_numerator=holder.share_numerator,
                    share_denominator=holder.share_denominator,
                    certificate=right.certificate,
                    blocking=blocking,
                )
        return Ownership(parcel=self.name, holds=False, blocking=blocking)

    def _in_force(self, kind: RightKind) -> tuple[Right, ...]:
        return tuple(right for right in self.rights_in_force if right.kind is kind)
