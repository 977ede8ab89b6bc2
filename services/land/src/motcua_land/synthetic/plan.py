"""The plan of the made-up wards: `city/parcels/wards.yaml` as records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Column:
    """The part of a ward block that was one ward when it was surveyed."""

    surveyed_ward_code: str
    name: str
    district: str
    first_sheet: int


@dataclass(frozen=True)
class Street:
    """A street or alley along the block; width in metres."""

    name: str
    width_m: float
    commercial_axis: bool = False


@dataclass(frozen=True)
class Band:
    """Two rows of lots back to back between two streets; depths in metres."""

    zone: str
    lower_m: float
    upper_m: float


@dataclass(frozen=True)
class FixedLot:
    """A lot that demos and tests know: its place, its measures, its holder.

    Attributes:
        band: which band, from 0.
        row: `lower` or `upper`.
        column: which column, from 0.
        offset_m: metres along the street from the start of the column.
        width_m: width on the street.
        house_number: number in the street.
        citizen_id: holder.
        full_name: holder's legal name.
        serial: serial of the certificate.
        issue_date: day it was signed.
        mortgage: name of the lender; empty without one.
    """

    band: int
    row: str
    column: int
    offset_m: float
    width_m: float
    house_number: int
    citizen_id: str
    full_name: str
    serial: str
    issue_date: date
    mortgage: str = ""


@dataclass(frozen=True)
class WardPlan:
    """A ward block: a rectangle turned around its corner, EPSG:9210.

    Attributes:
        unit: unit it lies in now, `units/{code}`.
        name: Vietnamese name of the unit.
        seed: of everything drawn by lot.
        northing: of the corner, metres.
        easting: of the corner, metres.
        rotation_deg: counter-clockwise.
        cross_street_m: width of the streets across, between columns.
        column_m: length of a column along the streets.
        columns: from the corner.
        streets: from the corner; one more than bands.
        bands: from the corner.
        fixed_lots: lots that are not drawn by lot.
    """

    unit: str
    name: str
    seed: int
    northing: float
    easting: float
    rotation_deg: float
    cross_street_m: float
    column_m: float
    columns: tuple[Column, ...]
    streets: tuple[Street, ...]
    bands: tuple[Band, ...]
    fixed_lots: tuple[FixedLot, ...] = ()

    def __post_init__(self) -> None:
        if len(self.streets) != len(self.bands) + 1:
            message = f"{self.unit}: {len(self.bands)} bands need {len(self.bands) + 1} streets"
            raise ValueError(message)
