"""Cutting a ward block into roads and lots."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from shapely.geometry import Polygon

from motcua_land.synthetic.plan import Band, FixedLot, Street, WardPlan

Point = tuple[float, float]

NARROW, WIDE, VERY_WIDE = (3.6, 8.2), (9.0, 16.0), (38.0, 44.0)
"""Widths of lots on the street, metres: most, some, few."""

SKEW = 0.6
"""Metres by which the back end of a side may lie off the front end."""


@dataclass(frozen=True)
class Lot:
    """A lot in the plane (easting, northing), with what its place says about it.

    Attributes:
        polygon: vertices shared with the neighbours.
        column: index of the column.
        band: index of the band.
        street: index of the street in front.
        frontage_m: length on the street; 0 when it does not touch one.
        fixed: what the plan says about it, if it does.
    """

    polygon: Polygon
    column: int
    band: int
    street: int
    frontage_m: float
    fixed: FixedLot | None = None


@dataclass(frozen=True)
class RoadSurface:
    """The surface of a street in the plane."""

    street: Street
    polygon: Polygon


@dataclass
class Side:
    """A side that two lots of a row share: points in the block's own system, from street to back."""

    points: list[Point]

    def split(self, v: float) -> None:
        """Add the point at depth `v`; both lots get it."""
        (u0, v0), (u1, v1) = self.points[0], self.points[-1]
        self.points.insert(1, (u0 + (u1 - u0) * (v - v0) / (v1 - v0), v))


@dataclass
class Row:
    """Lots side by side on one street: sides from left to right, what the plan fixes, which lots are split in depth."""

    street: int
    street_v: float
    back_v: float
    sides: list[Side]
    fixed: dict[int, FixedLot] = field(default_factory=dict)
    split: dict[int, float] = field(default_factory=dict)


class Block:
    """A ward block, cut by lot from its plan."""

    def __init__(self, plan: WardPlan, random: Random) -> None:
        self._plan = plan
        self._random = random
        angle = math.radians(plan.rotation_deg)
        self._cosine, self._sine = math.cos(angle), math.sin(angle)
        self._length = len(plan.columns) * plan.column_m + (len(plan.columns) - 1) * plan.cross_street_m
        self._bottoms = list(self._street_bottoms())
        self._rows = [
            [self._rows_of(band, column) for column in range(len(plan.columns))] for band in range(len(plan.bands))
        ]

    def outline(self) -> Polygon:
        """The whole block."""
        top = self._bottoms[-1] + self._plan.streets[-1].width_m
        return Polygon([self._place(p) for p in ((0, 0), (self._length, 0), (self._length, top), (0, top))]).buffer(
            0.01
        )

    def lots(self) -> Iterator[Lot]:
        """All lots, band by band, column by column, row by row, from left to right."""
        for band, columns in enumerate(self._rows):
            for column, rows in enumerate(columns):
                backs = sorted({side.points[-1] for row in rows for side in row.sides})
                for row in rows:
                    yield from self._lots_of(row, backs, band, column)

    def roads(self) -> Iterator[RoadSurface]:
        """Streets along the block, then the streets across it."""
        for index, street in enumerate(self._plan.streets):
            bottom, top = self._bottoms[index], self._bottoms[index] + street.width_m
            lower = [(0.0, bottom), (self._length, bottom), *self._fronts(index, bottom)]
            upper = [(0.0, top), (self._length, top), *self._fronts(index, top)]
            yield RoadSurface(street, self._polygon([*sorted(set(lower)), *sorted(set(upper), reverse=True)]))
        for column in range(len(self._plan.columns) - 1):
            left = (column + 1) * self._plan.column_m + column * self._plan.cross_street_m
            right = left + self._plan.cross_street_m
            street = Street(f"Đường số {column + 1}", self._plan.cross_street_m)
            edges = [sorted(self._ends(u), key=lambda p: p[1]) for u in (left, right)]
            yield RoadSurface(street, self._polygon([*edges[0], *reversed(edges[1])]))

    def _street_bottoms(self) -> Iterator[float]:
        v = 0.0
        for street, band in zip(self._plan.streets, (*self._plan.bands, Band("", 0, 0)), strict=True):
            yield v
            v += street.width_m + band.lower_m + band.upper_m

    def _rows_of(self, band: int, column: int) -> list[Row]:
        bottom = self._bottoms[band] + self._plan.streets[band].width_m
        middle = bottom + self._plan.bands[band].lower_m
        top = self._bottoms[band + 1]
        return [
            self._row(band, "lower", column, band, (bottom, middle)),
            self._row(band, "upper", column, band + 1, (top, middle)),
        ]

    def _row(self, band: int, name: str, column: int, street: int, depths: tuple[float, float]) -> Row:
        start = column * (self._plan.column_m + self._plan.cross_street_m)
        end = start + self._plan.column_m
        front, back = depths
        fixed = sorted(
            (lot for lot in self._plan.fixed_lots if (lot.band, lot.row, lot.column) == (band, name, column)),
            key=lambda lot: lot.offset_m,
        )
        row = Row(street, front, back, [Side([(start, front), (start, back)])])
        position = start
        for lot in fixed:
            left = start + lot.offset_m
            self._cut(row, position, left)
            row.sides[-1] = Side([(left, front), (left, back)])
            position = left + lot.width_m
            row.fixed[len(row.sides) - 1] = lot
            row.sides.append(Side([(position, front), (position, back)]))
        self._cut(row, position, end)
        row.sides[-1] = Side([(end, front), (end, back)])
        for index in range(len(row.sides) - 1):
            width = row.sides[index + 1].points[0][0] - row.sides[index].points[0][0]
            if index not in row.fixed and width < NARROW[1] and abs(back - front) > 20 and self._random.random() < 0.08:  # noqa: PLR2004
                row.split[index] = front + (back - front) * 0.5
        for index, depth in row.split.items():
            for side in row.sides[index : index + 2]:
                if len(side.points) == 2:  # noqa: PLR2004 - not split already for the lot before
                    side.split(depth)
        return row

    def _cut(self, row: Row, left: float, right: float) -> None:
        """Cut the stretch of a row into lots; the last side lies at its end."""
        position = left
        while position < right:
            drawn = self._random.random()
            widths = NARROW if drawn < 0.93 else WIDE if drawn < 0.993 else VERY_WIDE  # noqa: PLR2004
            position = round(position + self._random.uniform(*widths), 2)
            if right - position < NARROW[0]:
                position = right
            skew = round(self._random.uniform(-SKEW, SKEW), 2)
            row.sides.append(Side([(position, row.street_v), (position + skew, row.back_v)]))

    def _lots_of(self, row: Row, backs: list[Point], band: int, column: int) -> Iterator[Lot]:
        for index, (left, right) in enumerate(zip(row.sides, row.sides[1:], strict=False)):
            back = [point for point in backs if left.points[-1] < point < right.points[-1]]
            frontage = round(right.points[0][0] - left.points[0][0], 2)
            if index in row.split:
                near, far = self._halves(left, right, row.split[index])
                front = self._polygon([*near[0], *reversed(near[1])])
                behind = self._polygon([*far[0], *back, *reversed(far[1])])
                yield Lot(front, column, band, row.street, frontage)
                yield Lot(behind, column, band, row.street, 0.0)
            else:
                polygon = self._polygon([*left.points, *back, *reversed(right.points)])
                yield Lot(polygon, column, band, row.street, frontage, row.fixed.get(index))

    @staticmethod
    def _halves(left: Side, right: Side, depth: float) -> tuple[list[list[Point]], list[list[Point]]]:
        """Return the parts of two sides before and behind the cut at `depth`; the cut belongs to both."""
        cuts = [next(i for i, point in enumerate(side.points) if point[1] == depth) for side in (left, right)]
        sides = (left, right)
        return (
            [side.points[: cut + 1] for side, cut in zip(sides, cuts, strict=True)],
            [side.points[cut:] for side, cut in zip(sides, cuts, strict=True)],
        )

    def _fronts(self, street: int, v: float) -> list[Point]:
        return [
            side.points[0]
            for columns in self._rows
            for rows in columns
            for row in rows
            if row.street == street and row.street_v == v
            for side in row.sides
        ]

    def _ends(self, u: float) -> list[Point]:
        top = self._bottoms[-1] + self._plan.streets[-1].width_m
        points = {(u, 0.0), (u, top)}
        for columns in self._rows:
            for rows in columns:
                for row in rows:
                    points |= {p for side in (row.sides[0], row.sides[-1]) for p in side.points if p[0] == u}
        return list(points)

    def _place(self, point: Point) -> Point:
        """Turn a point of the block's own system into (easting, northing), to the millimetre."""
        u, v = point
        return (
            round(self._plan.easting + u * self._cosine - v * self._sine, 3),
            round(self._plan.northing + u * self._sine + v * self._cosine, 3),
        )

    def _polygon(self, points: list[Point]) -> Polygon:
        return Polygon([self._place(point) for point in points])
