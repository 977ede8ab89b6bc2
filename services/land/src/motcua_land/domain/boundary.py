"""The outline of a parcel, in the system it was measured in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import shapely
from shapely.geometry import Point, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import polylabel

from motcua_kit.domain import FieldViolation, ValidationFailed
from motcua_land.domain import geohash
from motcua_land.domain.crs import GeoPoint, ProjectedPoint, check_crs, check_range, to_wgs84

POLE_PRECISION = 0.001
"""Metres to which the point deepest inside is found."""

GRID_LENGTHS = (8, 7, 6, 5, 4)
"""Lengths of the cells a parcel is indexed by: 38 × 19 m, 153 × 153 m, 1.2 × 0.6 km, 4.9 × 4.9 km, 39 × 19 km."""

MAX_GRID_CELLS = 24
"""Cells a parcel is indexed by at most; a larger parcel goes one length up."""

GRID_MARGIN = 1e-7
"""Degrees (about 1 cm) around a parcel that its cells cover too: a point on its edge must not fall out by rounding."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """A corner, metres. Northing is printed as X on papers, easting as Y."""

    northing: float
    easting: float


@dataclass(frozen=True, slots=True)
class Ring:
    """A closed line; the last vertex does not repeat the first."""

    vertices: tuple[Vertex, ...]

    def coordinates(self) -> list[tuple[float, float]]:
        """Vertices as (easting, northing), the order of computing libraries."""
        return [(vertex.easting, vertex.northing) for vertex in self.vertices]


@dataclass(frozen=True, slots=True)
class Boundary:
    """A polygon in a projected VN-2000 system.

    Attributes:
        epsg: reference system of the survey.
        exterior: outer line, counter-clockwise.
        interiors: holes, clockwise.
    """

    epsg: int
    exterior: Ring
    interiors: tuple[Ring, ...] = ()

    @classmethod
    def of_polygon(cls, epsg: int, polygon: Polygon) -> Boundary:
        """Return the boundary of a polygon given as (easting, northing).

        Raises:
            ValidationFailed: CRS_UNSUPPORTED, COORDINATES_OUT_OF_RANGE, or GEOMETRY_INVALID when the polygon crosses
                itself, is empty or encloses nothing.
        """
        check_crs(epsg)
        if polygon.is_empty or not polygon.is_valid or polygon.area <= 0:
            cause = "no area" if polygon.is_empty else shapely.is_valid_reason(polygon)
            raise _invalid(cause)
        turned = orient(polygon)
        boundary = cls(epsg, _ring(turned.exterior.coords), tuple(_ring(hole.coords) for hole in turned.interiors))
        for vertex in boundary.exterior.vertices:
            check_range(vertex.northing, vertex.easting)
        return boundary

    @classmethod
    def of_wkt(cls, epsg: int, text: str) -> Boundary:
        """Return the boundary that a WKT polygon (easting northing) describes.

        Raises:
            ValidationFailed: as `of_polygon`; GEOMETRY_INVALID also when the text is not a polygon.
        """
        try:
            shape = shapely.from_wkt(text)
        except shapely.GEOSException as error:
            raise _invalid(str(error).strip()) from error
        if not isinstance(shape, Polygon):
            raise _invalid(f"{type(shape).__name__} is no polygon")
        return cls.of_polygon(epsg, shape)

    def polygon(self) -> Polygon:
        """The polygon as (easting, northing)."""
        return Polygon(self.exterior.coordinates(), [hole.coordinates() for hole in self.interiors])

    def wkt(self) -> str:
        """The polygon as WKT (easting northing), to the millimetre."""
        return shapely.to_wkt(self.polygon(), rounding_precision=3, trim=True)

    @property
    def area_m2(self) -> float:
        """Area in the plane of the projection, m², rounded to 0.1 m² as papers print it."""
        return round(self.polygon().area, 1)

    def covers(self, point: ProjectedPoint) -> bool:
        """Whether a point of the same system lies inside or on the edge."""
        return bool(self.polygon().covers(Point(point.easting, point.northing)))

    def pole(self) -> ProjectedPoint:
        """The point deepest inside (Polygonlabel algorithm of TT 19/2026/TT-BNNMT, Annex I).

        In a rectangle every point of a segment is as deep, and libraries differ: what depends on it is stored once.
        """
        point = polylabel(self.polygon(), POLE_PRECISION)
        return ProjectedPoint(self.epsg, point.y, point.x)

    def location(self) -> GeoPoint:
        """The point deepest inside, in WGS 84."""
        return to_wgs84(self.pole())

    def grid_cells(self) -> tuple[str, ...]:
        """Geohash cells that cover the parcel, for an index that finds it by a point."""
        corners = [
            to_wgs84(ProjectedPoint(self.epsg, vertex.northing, vertex.easting)) for vertex in self.exterior.vertices
        ]
        for length in GRID_LENGTHS:
            cells = _cells(corners, length)
            if len(cells) <= MAX_GRID_CELLS:
                return cells
        raise _invalid("larger than a district")


def grid_cells_at(point: GeoPoint) -> tuple[str, ...]:
    """Return the cells of all lengths that a point lies in; a parcel there has one of them."""
    return tuple(geohash.encode(point.latitude, point.longitude, length) for length in GRID_LENGTHS)


def _cells(corners: Iterable[GeoPoint], length: int) -> tuple[str, ...]:
    """Cells that meet the box around the corners; stops early once they are too many."""
    points = list(corners)
    south, north = min(p.latitude for p in points) - GRID_MARGIN, max(p.latitude for p in points) + GRID_MARGIN
    west, east = min(p.longitude for p in points) - GRID_MARGIN, max(p.longitude for p in points) + GRID_MARGIN
    first = geohash.decode(geohash.encode(south, west, length))
    height, width = first.north - first.south, first.east - first.west
    rows, columns = (math.floor((north - first.south) / height), math.floor((east - first.west) / width))
    if (rows + 1) * (columns + 1) > MAX_GRID_CELLS:
        return ("",) * (MAX_GRID_CELLS + 1)
    middle_latitude, middle_longitude = first.south + height / 2, first.west + width / 2
    return tuple(
        sorted(
            geohash.encode(middle_latitude + row * height, middle_longitude + column * width, length)
            for row in range(rows + 1)
            for column in range(columns + 1)
        )
    )


def _ring(coordinates: Iterable[tuple[float, ...]]) -> Ring:
    points = list(coordinates)
    return Ring(tuple(Vertex(northing=point[1], easting=point[0]) for point in points[:-1]))


def _invalid(cause: str) -> ValidationFailed:
    message = f"the boundary is not a simple closed area: {cause}"
    return ValidationFailed(
        "GEOMETRY_INVALID", message, [FieldViolation("boundary", "GEOMETRY_INVALID", message)], cause=cause
    )
