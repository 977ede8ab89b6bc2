import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from motcua_kit.domain import ValidationFailed
from motcua_land.domain.boundary import MAX_GRID_CELLS, Boundary, grid_cells_at
from motcua_land.domain.crs import HCMC, ProjectedPoint, to_wgs84
from motcua_land.domain.parcel import parcel_code

VECTOR = Boundary.of_polygon(
    HCMC, Polygon([(603800, 1191940), (603806.2, 1191940.5), (603804.9, 1191958.1), (603799.1, 1191957.4)])
)


@st.composite
def lots(draw: st.DrawFn) -> Boundary:
    """Convex lots of 2 m to 300 m somewhere in the City."""
    east, north = draw(st.floats(560_000, 640_000)), draw(st.floats(1_150_000, 1_230_000))
    size = draw(st.floats(2, 300))
    angles = sorted(draw(st.lists(st.integers(0, 35), min_size=3, max_size=8, unique=True)))
    points = [
        (east + size * math.cos(math.radians(10 * a)), north + size * math.sin(math.radians(10 * a))) for a in angles
    ]
    return Boundary.of_polygon(HCMC, Polygon(points))


def test_parcel_code_of_the_agreed_vector() -> None:
    pole = VECTOR.pole()
    assert (round(pole.easting, 4), round(pole.northing, 4)) == (603802.9079, 1191943.32)
    assert parcel_code(VECTOR) == "w3gvk1ck0998"


def test_vertices_keep_north_and_east_apart() -> None:
    first = VECTOR.exterior.vertices[0]
    assert (first.northing, first.easting) == (1191940, 603800)


def test_area_is_rounded_as_papers_print_it() -> None:
    assert VECTOR.area_m2 == 105.7


@given(lots())
def test_the_pole_lies_inside(boundary: Boundary) -> None:
    assert boundary.covers(boundary.pole())


@given(lots())
def test_wkt_keeps_the_boundary_to_the_millimetre(boundary: Boundary) -> None:
    again = Boundary.of_wkt(HCMC, boundary.wkt())
    assert again.polygon().hausdorff_distance(boundary.polygon()) < 0.001


@given(lots(), st.floats(0, 1))
def test_every_point_of_a_parcel_is_in_its_cells(boundary: Boundary, where: float) -> None:
    ring = boundary.polygon().exterior
    on_edge = ring.interpolate(where, normalized=True)
    for point in (on_edge, Point(boundary.pole().easting, boundary.pole().northing)):
        place = to_wgs84(ProjectedPoint(HCMC, point.y, point.x))
        assert set(grid_cells_at(place)) & set(boundary.grid_cells())


@pytest.mark.parametrize("side", [3, 40, 400, 4_000, 20_000])
def test_cells_stay_few_whatever_the_size(side: float) -> None:
    square = Polygon([(600_000, 1_190_000), (600_000 + side, 1_190_000), (600_000 + side, 1_190_000 + side)])
    cells = Boundary.of_polygon(HCMC, square).grid_cells()
    assert 1 <= len(cells) <= MAX_GRID_CELLS
    assert len(set(cells)) == len(cells)


def test_a_hole_is_not_part_of_the_parcel() -> None:
    outer = [(603800, 1191940), (603840, 1191940), (603840, 1191980), (603800, 1191980)]
    hole = [(603810, 1191950), (603830, 1191950), (603830, 1191970), (603810, 1191970)]
    boundary = Boundary.of_polygon(HCMC, Polygon(outer, [hole]))
    assert boundary.area_m2 == 1200.0
    assert not boundary.covers(ProjectedPoint(HCMC, 1191960, 603820))
    assert boundary.covers(boundary.pole())
    assert Boundary.of_wkt(HCMC, boundary.wkt()) == boundary


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON ((603800 1191940, 603806 1191958, 603806 1191940, 603800 1191958, 603800 1191940))",  # crosses itself
        "POLYGON ((603800 1191940, 603806 1191940, 603803 1191940, 603800 1191940))",  # no area
        "POLYGON EMPTY",
        "POINT (603800 1191940)",
        "LINESTRING (603800 1191940, 603806 1191958)",
        "a field behind the river",
    ],
)
def test_what_is_no_simple_area_is_refused(wkt: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        Boundary.of_wkt(HCMC, wkt)
    assert error.value.reason == "GEOMETRY_INVALID"


def test_a_boundary_with_swapped_axes_is_refused() -> None:
    with pytest.raises(ValidationFailed) as error:
        Boundary.of_wkt(HCMC, "POLYGON ((1191940 603800, 1191958 603806, 1191940 603806, 1191940 603800))")
    assert error.value.reason == "COORDINATES_OUT_OF_RANGE"
