"""Queries about parcels: where they are, what planning says, which rights exist in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta, timezone
from typing import Any

from motcua_kit.access import Access
from motcua_kit.clock import Clock
from motcua_kit.domain import FieldViolation, NotFound, ValidationFailed
from motcua_kit.store.paging import Page, PageSigner
from motcua_land.application.ports import Parcels
from motcua_land.application.reads_of_people import ReadsOfPeople
from motcua_land.domain.boundary import grid_cells_at
from motcua_land.domain.crs import GeoPoint, ProjectedPoint, from_wgs84, reproject, to_wgs84
from motcua_land.domain.parcel import Parcel
from motcua_land.domain.planning import ParcelPlanning, PlanningMap
from motcua_land.domain.rights import Right

CITY_TIME = timezone(timedelta(hours=7))
"""Asia/Ho_Chi_Minh; it has no summer time."""


@dataclass(frozen=True)
class KeyFilter:
    """Parts of a cadastral key that a list is limited to; empty ones do not limit it.

    Raises:
        ValidationFailed: a sheet without its ward, or a number without its sheet: they mean nothing alone.
    """

    surveyed_ward_code: str = ""
    map_sheet: int = 0
    parcel_number: int = 0

    def __post_init__(self) -> None:
        for name, whole in (("map_sheet", "surveyed_ward_code"), ("parcel_number", "map_sheet")):
            if getattr(self, name) and not getattr(self, whole):
                message = f"{name} needs {whole}"
                raise ValidationFailed("REQUEST_INVALID", message, [FieldViolation(name, "REQUEST_INVALID", message)])

    def query(self) -> dict[str, Any]:
        """Return the part of a query for the given parts."""
        return {f"cadastral_key.{name}": value for name, value in vars(self).items() if value}


class Cadastre:
    """Answers questions about parcels."""

    def __init__(
        self, parcels: Parcels, planning: PlanningMap, reads: ReadsOfPeople, clock: Clock, signer: PageSigner
    ) -> None:
        self._parcels = parcels
        self._planning = planning
        self._reads = reads
        self._clock = clock
        self._signer = signer

    def get(self, code: str) -> Parcel:
        """Return a parcel; it holds no personal data.

        Raises:
            NotFound: PARCEL_NOT_FOUND.
        """
        return self._parcels.get(code)

    def in_unit(self, access: Access, unit: str, key: KeyFilter, page: Page) -> tuple[list[Parcel], str]:
        """Return a page of a unit's parcels by code, and the token of the next page."""
        return self._parcels.in_unit(unit, access.filter(unit="unit"), key.query(), page)

    def locate(self, point: ProjectedPoint | GeoPoint) -> Parcel:
        """Return the parcel at a point; on a shared edge, the one with the smallest code.

        The index finds a handful of parcels by geohash cell, the boundary itself decides in the system of its survey.

        Raises:
            NotFound: NO_PARCEL_AT_POINT.
            ValidationFailed: COORDINATES_OUT_OF_RANGE when a WGS 84 point is not in the country.
        """
        projected = from_wgs84(point) if isinstance(point, GeoPoint) else point
        place = to_wgs84(projected) if isinstance(point, ProjectedPoint) else point
        for parcel in self._parcels.at_cells(grid_cells_at(place)):
            if parcel.boundary.covers(reproject(projected, parcel.boundary.epsg)):
                return parcel
        raise NotFound("NO_PARCEL_AT_POINT", "no registered parcel lies at the point")

    def planning(self, code: str, day: date | None) -> ParcelPlanning:
        """Return the planning facts of a parcel on a day, the present one when none is given.

        Raises:
            NotFound: PARCEL_NOT_FOUND.
            NotFound: PLANNING_UNKNOWN.
        """
        return self._planning.of_parcel(self._parcels.get(code), day or self._clock().astimezone(CITY_TIME).date())

    def rights(self, access: Access, code: str, page: Page, *, purpose: str) -> tuple[Parcel, list[Right], str]:
        """Return a parcel, a page of the rights in force in it, oldest entry first, and the token of the next page.

        Each holder is told of the read.

        Raises:
            NotFound: PARCEL_NOT_FOUND; also when the caller may not see the rights.
            ValidationFailed: the page token is not valid for this call.
        """
        parcel = self._parcels.get(code)
        if not access.allows(unit=parcel.unit):
            raise parcel_not_found(parcel.name)
        waiting = list(parcel.rights_in_force)
        if page.token:
            time, identity = self._signer.values(page.token, page.scope, 2)
            waiting = [right for right in waiting if right.rank > (time, identity)]
        rights = waiting[: page.limit]
        token = self._signer.token(rights[-1].rank, page.scope) if len(waiting) > len(rights) else ""
        people = [holder for right in rights for holder in right.holders]
        self._reads.note_holders(people, purpose=purpose or "ListRights", resource=parcel.name)
        return parcel, rights, token


def parcel_not_found(name: str) -> NotFound:
    """Return the error for a parcel that is not there, or that the caller may not know of."""
    return NotFound("PARCEL_NOT_FOUND", "no such parcel", resource=name)
