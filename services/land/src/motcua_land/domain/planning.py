"""Zones and roads: what the by-law rules of a building permit depend on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from motcua_kit.domain import NotFound
from motcua_land.domain.parcel import Parcel


@dataclass(frozen=True, kw_only=True)
class PlanningSource:
    """Where a planning fact comes from and since when it holds.

    Attributes:
        source: decision or data set.
        article: article, map or sheet.
        source_date: day of the decision.
        valid_from: first day.
        valid_to: last day; None while in force.
        confidence: `sure`, `likely`, `check` or `own`.
    """

    source: str
    article: str
    source_date: date
    valid_from: date
    confidence: str
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the fact holds on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, kw_only=True)
class Zone(PlanningSource):
    """A zone of an urban plan (khu vực quy hoạch).

    Attributes:
        code: in the City's data.
        name: Vietnamese name.
        function: planned function, e.g. `existing_residential`.
        existing_urban: existing urban area in the sense of QCVN 01:2021/BXD.
        central: counts as the centre for the bonus of storeys.
        permit_area: a permit is needed even for small houses (Luật Xây dựng 135/2025/QH15, Điều 43).
        max_storeys: of a detailed plan or urban design; 0 when the general rules decide.
        max_height_m: likewise, m.
        max_density_percent: likewise, %.
    """

    code: str
    name: str
    function: str
    existing_urban: bool
    central: bool
    permit_area: bool
    max_storeys: int = 0
    max_height_m: float = 0.0
    max_density_percent: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Road(PlanningSource):
    """A road or alley.

    Attributes:
        code: in the City's data.
        name: Vietnamese name.
        unit: unit it lies in, `units/{code}`.
        width_m: planned width between red lines (lộ giới), m.
        commercial_axis: commercial or central axis.
    """

    code: str
    name: str
    unit: str
    width_m: float
    commercial_axis: bool = False


@dataclass(frozen=True, slots=True)
class ParcelPlanning:
    """What planning says about a parcel on a day.

    Attributes:
        parcel: the parcel.
        zone: zone it lies in.
        road: road that serves it; None without one.
    """

    parcel: Parcel
    zone: Zone
    road: Road | None

    @property
    def depth_m(self) -> float:
        """Mean depth from the road, m; 0 without a road."""
        front = self.parcel.frontage_m
        return round(self.parcel.area.measured_m2 / front, 2) if self.road and front else 0.0


class PlanningMap:
    """Zones and roads with their times of validity."""

    def __init__(self, zones: Iterable[Zone], roads: Iterable[Road]) -> None:
        self._zones: dict[str, list[Zone]] = {}
        for zone in zones:
            self._zones.setdefault(zone.code, []).append(zone)
        self._roads: dict[str, list[Road]] = {}
        for road in roads:
            self._roads.setdefault(road.code, []).append(road)

    def of_parcel(self, parcel: Parcel, day: date) -> ParcelPlanning:
        """Return the planning facts of a parcel on a day.

        Raises:
            NotFound: PLANNING_UNKNOWN when no zone, or no fact about its road, holds on that day.
        """
        zone = next((zone for zone in self._zones.get(parcel.zone, []) if zone.holds_on(day)), None)
        if zone is None:
            raise self._unknown(parcel, day)
        if not parcel.road:
            return ParcelPlanning(parcel, zone, None)
        road = next((road for road in self._roads.get(parcel.road, []) if road.holds_on(day)), None)
        if road is None:
            raise self._unknown(parcel, day)
        return ParcelPlanning(parcel, zone, road)

    @staticmethod
    def _unknown(parcel: Parcel, day: date) -> NotFound:
        return NotFound(
            "PLANNING_UNKNOWN",
            f"no planning facts are held for the parcel on {day:%Y-%m-%d}",
            resource=parcel.name,
            date=f"{day:%Y-%m-%d}",
        )
