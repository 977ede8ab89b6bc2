"""Coordinates of Vietnamese land papers, and their way to WGS 84 and back.

On papers X is north and Y is east, the other way round than in most software. Nothing here is called `x` or `y`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import pyproj
from pyproj.enums import TransformDirection

from motcua_kit.domain import FieldViolation, ValidationFailed

# Coordinates must not depend on grids fetched at run time.
pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]  # re-exported without saying so

HCMC = 9210
"""VN-2000 / TM-3 105-45: the system of Ho Chi Minh City and of former Bình Dương."""

SUPPORTED = frozenset({3405, 3406, *range(5896, 5900), *range(9205, 9219)})
"""VN-2000 systems that land papers use: UTM 48N and 49N, TM-3 in all zones. EPSG codes."""

VN_2000 = 4756
"""The datum without a projection, degrees."""

DATUM_SHIFT = "x=-192.873 y=-39.382 z=-111.202 rx=0.00205 ry=0.0005 rz=-0.00335 s=0.0188"
"""Parameters of VN-2000 → WGS 84: metres, arc seconds, ppm; coordinate-frame rotation.

Written out, so that one shift holds for the whole City and no release of PROJ can move it. EPSG knows two, 0.8 m apart,
each good to about 1 m: these are of "(1)", with which the agreed vectors of the parcel code were made; "(2)" has the
parameters that the ministry published in 2007. Parcel codes are ids, given once and stored: another shift would move no
boundary and change no code.
"""

NORTHINGS = (900_000.0, 2_610_000.0)
"""Northings of the whole country, metres. A swapped pair falls outside."""

EASTINGS = (150_000.0, 860_000.0)
"""Eastings of the whole country in any of the systems, metres."""


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A point in WGS 84, degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class ProjectedPoint:
    """A point in a projected VN-2000 system.

    Attributes:
        epsg: the system.
        northing: metres, printed as X on papers.
        easting: metres, printed as Y on papers.

    Raises:
        ValidationFailed: CRS_UNSUPPORTED or COORDINATES_OUT_OF_RANGE.
    """

    epsg: int
    northing: float
    easting: float

    def __post_init__(self) -> None:
        check_crs(self.epsg)
        check_range(self.northing, self.easting)


def check_crs(epsg: int) -> None:
    """Refuse a reference system that land papers do not use.

    Raises:
        ValidationFailed: CRS_UNSUPPORTED.
    """
    if epsg not in SUPPORTED:
        message = f"EPSG:{epsg} is not a VN-2000 system of land papers"
        raise ValidationFailed(
            "CRS_UNSUPPORTED", message, [FieldViolation("epsg", "CRS_UNSUPPORTED", message)], epsg=str(epsg)
        )


def check_range(northing: float, easting: float) -> None:
    """Refuse coordinates that lie nowhere in the country.

    Raises:
        ValidationFailed: COORDINATES_OUT_OF_RANGE.
    """
    if not (NORTHINGS[0] <= northing <= NORTHINGS[1] and EASTINGS[0] <= easting <= EASTINGS[1]):
        message = "the point is not in the country; X is north and Y is east"
        raise ValidationFailed(
            "COORDINATES_OUT_OF_RANGE",
            message,
            [FieldViolation("northing", "COORDINATES_OUT_OF_RANGE", message)],
            northing=f"{northing:.3f}",
            easting=f"{easting:.3f}",
        )


def to_wgs84(point: ProjectedPoint) -> GeoPoint:
    """Return a projected point in WGS 84; good to about a metre."""
    longitude, latitude = _projection(point.epsg, VN_2000).transform(point.easting, point.northing)
    longitude, latitude = _datum_shift().transform(longitude, latitude)
    return GeoPoint(latitude, longitude)


def from_wgs84(point: GeoPoint, epsg: int = HCMC) -> ProjectedPoint:
    """Return a WGS 84 point in a projected system; good to about a metre.

    Raises:
        ValidationFailed: CRS_UNSUPPORTED, or COORDINATES_OUT_OF_RANGE when it is not in the country.
    """
    check_crs(epsg)
    longitude, latitude = _datum_shift().transform(
        point.longitude, point.latitude, direction=TransformDirection.INVERSE
    )
    easting, northing = _projection(VN_2000, epsg).transform(longitude, latitude)
    return ProjectedPoint(epsg, northing, easting)


def reproject(point: ProjectedPoint, epsg: int) -> ProjectedPoint:
    """Return the point in another VN-2000 system; exact, as both have the same datum.

    Raises:
        ValidationFailed: CRS_UNSUPPORTED.
    """
    if epsg == point.epsg:
        return point
    check_crs(epsg)
    easting, northing = _projection(point.epsg, epsg).transform(point.easting, point.northing)
    return ProjectedPoint(epsg, northing, easting)


@lru_cache(maxsize=64)
def _projection(source: int, target: int) -> pyproj.Transformer:
    """Return the way between two systems of the VN-2000 datum; easting and longitude first."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=1)
def _datum_shift() -> pyproj.Transformer:
    return pyproj.Transformer.from_pipeline(
        "proj=pipeline step proj=unitconvert xy_in=deg xy_out=rad step proj=push v_3 step proj=cart ellps=WGS84"
        f" step proj=helmert {DATUM_SHIFT} convention=coordinate_frame"
        " step inv proj=cart ellps=WGS84 step proj=pop v_3 step proj=unitconvert xy_in=rad xy_out=deg"
    )
