import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.domain import ValidationFailed
from motcua_land.domain.crs import HCMC, SUPPORTED, GeoPoint, ProjectedPoint, from_wgs84, reproject, to_wgs84

in_the_city = st.builds(ProjectedPoint, st.just(HCMC), st.floats(1_150_000, 1_230_000), st.floats(560_000, 640_000))


@pytest.mark.parametrize(
    ("easting", "northing", "longitude", "latitude"),
    [
        (603798.9632, 1191959.7593, 106.700923355, 10.777058132),
        (603802.9079, 1191943.32, 106.700958955, 10.776909407),
    ],
)
def test_agreed_vectors(easting: float, northing: float, longitude: float, latitude: float) -> None:
    place = to_wgs84(ProjectedPoint(HCMC, northing=northing, easting=easting))
    assert place.longitude == pytest.approx(longitude, abs=5e-10)
    assert place.latitude == pytest.approx(latitude, abs=5e-10)


@given(in_the_city)
def test_there_and_back(point: ProjectedPoint) -> None:
    back = from_wgs84(to_wgs84(point), HCMC)
    assert back.northing == pytest.approx(point.northing, abs=1e-3)
    assert back.easting == pytest.approx(point.easting, abs=1e-3)


@given(in_the_city, st.sampled_from([3405, 5899, 9211]))
def test_between_zones_of_one_datum(point: ProjectedPoint, epsg: int) -> None:
    back = reproject(reproject(point, epsg), HCMC)
    assert back.northing == pytest.approx(point.northing, abs=1e-3)
    assert back.easting == pytest.approx(point.easting, abs=1e-3)


def test_north_is_x_and_east_is_y_on_papers() -> None:
    # X 1 192 300, Y 604 080 on a paper of the City centre
    place = to_wgs84(ProjectedPoint(HCMC, northing=1_192_300, easting=604_080))
    assert (round(place.latitude, 2), round(place.longitude, 2)) == (10.78, 106.7)


def test_swapped_coordinates_are_noticed() -> None:
    with pytest.raises(ValidationFailed) as error:
        ProjectedPoint(HCMC, northing=604_080, easting=1_192_300)
    assert error.value.reason == "COORDINATES_OUT_OF_RANGE"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_impossible_coordinates_are_refused(value: float) -> None:
    with pytest.raises(ValidationFailed) as error:
        ProjectedPoint(HCMC, northing=value, easting=604_080)
    assert error.value.reason == "COORDINATES_OUT_OF_RANGE"


@pytest.mark.parametrize("epsg", [4326, 4756, 3857, 0, 32648])
def test_other_systems_are_refused(epsg: int) -> None:
    with pytest.raises(ValidationFailed) as error:
        ProjectedPoint(epsg, 1_192_300, 604_080)
    assert error.value.reason == "CRS_UNSUPPORTED"
    assert error.value.metadata == {"epsg": str(epsg)}


def test_a_point_on_another_continent_is_refused() -> None:
    with pytest.raises(ValidationFailed) as error:
        from_wgs84(GeoPoint(48.85, 2.35))
    assert error.value.reason == "COORDINATES_OUT_OF_RANGE"


@pytest.mark.parametrize("epsg", sorted(SUPPORTED))
def test_every_supported_system_is_a_vn_2000_one(epsg: int) -> None:
    assert pyproj.CRS.from_epsg(epsg).name.startswith("VN-2000")
    area = pyproj.CRS.from_epsg(epsg).area_of_use
    assert area is not None
    west, south, east, north = area.bounds
    middle = from_wgs84(GeoPoint((south + north) / 2, (west + east) / 2), epsg)
    assert middle.epsg == epsg


def test_no_grid_is_fetched_from_a_network() -> None:
    assert not pyproj.network.is_network_enabled()  # type: ignore[attr-defined]
