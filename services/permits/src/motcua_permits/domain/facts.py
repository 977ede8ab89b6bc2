"""Facts that rules are computed from: the proposed house, the site, and what follows from both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypeAlias

FactValue: TypeAlias = bool | int | float | str | tuple[str, ...] | None
"""A fact; None when it is not known."""

Facts: TypeAlias = Mapping[str, FactValue]
"""Facts by name."""


@dataclass(frozen=True)
class HouseProposal:
    """The house that an applicant proposes. Lengths in m, areas in m²; None means not stated.

    Attributes:
        work_name: name of the works (tên công trình).
        site_address: number and street of the site.
        lot_area_m2: lot area that the drawings assume.
        built_area_m2: area covered by the building (diện tích xây dựng).
        total_floor_area_m2: floor area of all storeys together (tổng diện tích sàn).
        storeys: storeys above ground; mezzanine, attic and stair housing not counted.
        height_m: from the pavement to the highest point.
        front_setback_m: front wall to the planned road boundary (khoảng lùi).
        design_unit: who made the drawings (đơn vị thiết kế).
        basements: storeys below ground.
        has_mezzanine: tầng lửng.
        has_attic: tầng áp mái.
        has_technical_storey: tầng kỹ thuật.
        has_stair_housing: tum.
        ground_floor_area_m2: area of the ground floor; the built area when None.
        building_line_height_m: height at the building line.
        mezzanine_height_m: height of ground floor and mezzanine together.
        rear_setback_m: rear wall to the lot boundary.
        balcony_projection_m: how far a balcony reaches over the road boundary.
        ground_level_m: level of the ground floor over the pavement (cốt nền).
        drawings: titles of the drawings.
    """

    work_name: str
    site_address: str
    lot_area_m2: float
    built_area_m2: float
    total_floor_area_m2: float
    storeys: int
    height_m: float
    front_setback_m: float
    design_unit: str
    basements: int = 0
    has_mezzanine: bool = False
    has_attic: bool = False
    has_technical_storey: bool = False
    has_stair_housing: bool = False
    ground_floor_area_m2: float | None = None
    building_line_height_m: float | None = None
    mezzanine_height_m: float | None = None
    rear_setback_m: float | None = None
    balcony_projection_m: float | None = None
    ground_level_m: float | None = None
    drawings: tuple[str, ...] = ()

    @property
    def ground_floor_m2(self) -> float:
        """Area of the ground floor in m²."""
        return self.built_area_m2 if self.ground_floor_area_m2 is None else self.ground_floor_area_m2


@dataclass(frozen=True)
class SiteFacts:
    """Facts of the parcel and its planning, as the land register gives them; None means not known.

    Attributes:
        read_time: when they were read.
        lot_area_m2: legal area; the measured one where there is no legal paper.
        land_uses: codes of the permitted uses, e.g. `ODT`.
        zone: code of the planning zone.
        existing_urban_area: khu vực đô thị hiện hữu in the sense of QCVN 01:2021/BXD.
        central_area: whether the zone counts as the City's centre.
        permit_area: whether even a small house needs a permit there.
        commercial_axis: trục thương mại - dịch vụ.
        road_width_m: planned width of the road (lộ giới).
        road_name: name of the road or alley.
        plan_max_storeys: most storeys of a detailed plan; None when the general rules decide.
        plan_max_height_m: greatest height of a detailed plan.
        plan_max_density_percent: greatest density of a detailed plan.
        lot_depth_m: mean depth of the lot from the road.
        lot_frontage_m: length of the lot along the road.
        restricted: whether a dispute, seizure or recall is registered.
        source: where the planning facts come from.
        map_sheet: tờ bản đồ.
        parcel_number: số thửa.
    """

    read_time: datetime
    lot_area_m2: float | None = None
    land_uses: tuple[str, ...] = ()
    zone: str = ""
    existing_urban_area: bool | None = None
    central_area: bool | None = None
    permit_area: bool | None = None
    commercial_axis: bool | None = None
    road_width_m: float | None = None
    road_name: str = ""
    plan_max_storeys: int | None = None
    plan_max_height_m: float | None = None
    plan_max_density_percent: float | None = None
    lot_depth_m: float | None = None
    lot_frontage_m: float | None = None
    restricted: bool | None = None
    source: str = ""
    map_sheet: str = ""
    parcel_number: str = ""


def facts_of(proposal: HouseProposal, site: SiteFacts) -> dict[str, FactValue]:
    """Return all facts about a proposal on a site, by the names that rules use.

    The register's lot area counts; the form's stands in where the register has none. Derived facts:
    `density_percent` (mật độ xây dựng), `floor_area_ratio` (hệ số sử dụng đất), `mezzanines` (0 or 1) and
    `lot_area_difference_percent` between form and register.
    """
    facts: dict[str, FactValue] = {field.name: getattr(proposal, field.name) for field in fields(proposal)}
    facts["declared_lot_area_m2"] = proposal.lot_area_m2
    for field in fields(site):
        if field.name not in {"read_time", "lot_area_m2", "land_uses"}:
            facts[field.name] = getattr(site, field.name)
    facts["land_uses"] = site.land_uses or None
    area = site.lot_area_m2 if site.lot_area_m2 is not None else proposal.lot_area_m2
    facts["lot_area_m2"] = area
    facts["density_percent"] = round(100 * proposal.built_area_m2 / area, 2)
    facts["floor_area_ratio"] = round(proposal.total_floor_area_m2 / area, 3)
    facts["mezzanines"] = int(proposal.has_mezzanine)
    facts["balcony_projection_m"] = proposal.balcony_projection_m or 0.0
    facts["lot_area_difference_percent"] = (
        None if site.lot_area_m2 is None else round(100 * abs(proposal.lot_area_m2 - area) / area, 2)
    )
    return facts
