from collections import Counter
from collections.abc import Iterator

import pytest
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng

from motcua.land.v1 import parcels_pb2 as pb
from motcua.land.v1.parcels_pb2_grpc import ParcelServiceStub
from motcua_client.errors import (
    Forbidden,
    MotcuaError,
    NotAuthenticated,
    NotFound,
    ValidationFailed,
)
from motcua_kit.mapping import unmapped
from motcua_kit.testing import RunningService, citizen, officer, service_caller
from motcua_land.adapters.register_files import Register
from motcua_land.domain.boundary import grid_cells_at
from motcua_land.domain.crs import reproject
from motcua_land.domain.land_use import LandUse
from motcua_land.domain.parcel import Parcel
from motcua_land.domain.planning import ParcelPlanning, Zone
from motcua_land.domain.rights import Right

KHAI = "079185001234"


@pytest.fixture
def home(excerpt: Register) -> Parcel:
    """The parcel of the applicant of the main job."""
    return next(parcel for parcel in excerpt.parcels if KHAI in parcel.users)


@pytest.fixture
def parcels(land: RunningService) -> ParcelServiceStub:
    """Parcels as the permits service sees them."""
    return land.call(ParcelServiceStub, service_caller("permits"))


def all_of(parcels: ParcelServiceStub, request: pb.ListParcelsRequest) -> Iterator[pb.Parcel]:
    while True:
        page = parcels.ListParcels(request)
        yield from page.parcels
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def test_a_parcel_has_its_papers_facts(parcels: ParcelServiceStub, home: Parcel) -> None:
    found = parcels.GetParcel(pb.GetParcelRequest(name=home.name))
    assert found.name == f"parcels/{home.id}"
    assert (found.cadastral_key.surveyed_ward_code, found.unit) == ("26740", "units/26740")
    assert (found.boundary.epsg, found.state) == (9210, pb.Parcel.STATE_CURRENT)
    vertex = found.boundary.exterior.vertices[0]
    assert vertex.northing > 1_100_000 > vertex.easting
    assert (found.area.legal_m2, found.area.measured_m2, found.area.within_tolerance) == (100.0, 100.0, True)
    uses = [(use.code, use.display_name, use.residential) for use in found.land_uses]
    assert uses == [("ODT", "Đất ở tại đô thị", True)]
    assert list(found.certificates) == ["certificates/aa00012345"]
    assert (found.road, found.mortgaged, found.restricted) == ("roads/26740-02", False, False)
    assert (found.etag, found.parcel_class) == ('"1"', pb.PARCEL_CLASS_B)


def test_a_parcel_tells_nothing_about_people(parcels: ParcelServiceStub, home: Parcel) -> None:
    text = str(parcels.GetParcel(pb.GetParcelRequest(name=home.name)))
    assert KHAI not in text
    assert "Minh Khai" not in text


def test_every_field_is_mapped() -> None:
    assert unmapped(Parcel, pb.Parcel) == set()
    assert unmapped(Right, pb.Right, "name") == set()
    assert unmapped(LandUse, pb.LandUse, "display_name", "residential") == set()
    assert unmapped(Zone, pb.PlanningZone, "display_name") == set()
    from_the_parcel = {"frontage_m", "lot_area_m2", "legal_area_m2", "land_uses"}
    from_the_road = {"has_road", "road_name", "road_width_m", "commercial_axis", "road_source"}
    assert (
        unmapped(ParcelPlanning, pb.ParcelPlanning) - {"zone", "parcel", "depth_m"} == from_the_parcel | from_the_road
    )


def test_a_point_inside_finds_its_parcel_in_any_system(parcels: ParcelServiceStub, excerpt: Register) -> None:
    for parcel in excerpt.parcels[:6]:
        pole = parcel.boundary.pole()
        for epsg in (9210, 3405, 5899):
            there = reproject(pole, epsg)
            point = pb.ProjectedPoint(epsg=epsg, northing=there.northing, easting=there.easting)
            assert parcels.LocateParcel(pb.LocateParcelRequest(projected=point)).name == parcel.name


def test_a_phone_finds_the_parcel_it_stands_on(parcels: ParcelServiceStub, home: Parcel) -> None:
    place = LatLng(latitude=home.location.latitude, longitude=home.location.longitude)
    assert parcels.LocateParcel(pb.LocateParcelRequest(lat_lng=place)).name == home.name


def test_a_point_on_a_shared_corner_has_one_answer(parcels: ParcelServiceStub, excerpt: Register) -> None:
    corners = Counter(corner for parcel in excerpt.parcels for corner in parcel.boundary.exterior.vertices)
    shared = [corner for corner, count in corners.items() if count > 1][:5]
    for corner in shared:
        point = pb.ProjectedPoint(epsg=9210, northing=corner.northing, easting=corner.easting)
        at_corner = [p.name for p in excerpt.parcels if corner in p.boundary.exterior.vertices]
        assert parcels.LocateParcel(pb.LocateParcelRequest(projected=point)).name == min(at_corner)
    assert shared


def test_a_road_is_no_parcel(parcels: ParcelServiceStub, home: Parcel) -> None:
    # 30 m from the deepest point of a lot that is 20 m deep
    pole = home.boundary.pole()
    point = pb.ProjectedPoint(epsg=9210, northing=pole.northing + 30, easting=pole.easting - 8)
    with pytest.raises(NotFound) as error:
        parcels.LocateParcel(pb.LocateParcelRequest(projected=point))
    assert error.value.reason == "NO_PARCEL_AT_POINT"
    assert "vị trí này" in error.value.localized_message


def test_a_point_is_found_by_an_index(land: RunningService, home: Parcel) -> None:
    query = {"cells": {"$in": list(grid_cells_at(home.location))}}
    plan = land.runtime.store.collection("parcels").find(query).explain()["queryPlanner"]["winningPlan"]
    assert "IXSCAN" in str(plan)
    assert "COLLSCAN" not in str(plan)


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (pb.ProjectedPoint(epsg=9210, northing=604_080, easting=1_192_300), "COORDINATES_OUT_OF_RANGE"),
        (pb.ProjectedPoint(epsg=4326, northing=10.78, easting=106.7), "CRS_UNSUPPORTED"),
        (LatLng(latitude=48.85, longitude=2.35), "COORDINATES_OUT_OF_RANGE"),
        (LatLng(latitude=1000, longitude=2000), "COORDINATES_OUT_OF_RANGE"),
        (pb.ProjectedPoint(epsg=9210, northing=float("nan"), easting=604_080), "REQUEST_INVALID"),
        (None, "REQUEST_INVALID"),
    ],
    ids=["swapped", "not-vn-2000", "abroad", "off-the-globe", "not-a-number", "none"],
)
def test_impossible_points(parcels: ParcelServiceStub, point: object, reason: str) -> None:
    request = pb.LocateParcelRequest()
    if isinstance(point, LatLng):
        request.lat_lng.CopyFrom(point)
    elif isinstance(point, pb.ProjectedPoint):
        request.projected.CopyFrom(point)
    with pytest.raises(ValidationFailed) as error:
        parcels.LocateParcel(request)
    assert error.value.reason == reason
    assert error.value.localized_message


def test_planning_says_what_by_law_rules_need(parcels: ParcelServiceStub, home: Parcel) -> None:
    planning = parcels.GetParcelPlanning(pb.GetParcelPlanningRequest(name=home.name))
    assert (planning.has_road, planning.road_width_m, planning.road_name) == (True, 12.0, "Đường Hoa Sứ")
    assert (planning.frontage_m, planning.depth_m, planning.lot_area_m2) == (5.0, 20.0, 100.0)
    assert (planning.zone.code, planning.zone.existing_urban, planning.zone.permit_area) == ("SG-HH", True, True)
    assert (planning.zone.max_storeys, planning.zone.source.document_date) == (0, Date(year=2025, month=12, day=1))
    assert planning.zone.source.confidence == planning.road_source.confidence == "own"


def test_planning_of_an_earlier_day(parcels: ParcelServiceStub, home: Parcel) -> None:
    day = Date(year=2025, month=12, day=31)
    planning = parcels.GetParcelPlanning(pb.GetParcelPlanningRequest(name=home.name, as_of_date=day))
    assert planning.zone.max_storeys == 6
    with pytest.raises(NotFound) as error:
        parcels.GetParcelPlanning(
            pb.GetParcelPlanningRequest(name=home.name, as_of_date=Date(year=1999, month=1, day=1))
        )
    assert error.value.reason == "PLANNING_UNKNOWN"
    with pytest.raises(ValidationFailed):
        parcels.GetParcelPlanning(
            pb.GetParcelPlanningRequest(name=home.name, as_of_date=Date(year=2026, month=2, day=30))
        )


def test_a_lot_behind_another_has_no_road(parcels: ParcelServiceStub, excerpt: Register) -> None:
    behind = next(parcel for parcel in excerpt.parcels if not parcel.road)
    planning = parcels.GetParcelPlanning(pb.GetParcelPlanningRequest(name=behind.name))
    assert (planning.has_road, planning.road_width_m, planning.depth_m) == (False, 0.0, 0.0)


def test_list_walks_all_pages_of_a_unit(parcels: ParcelServiceStub, excerpt: Register) -> None:
    expected = sorted(parcel.name for parcel in excerpt.parcels if parcel.unit == "units/26740")
    found = [parcel.name for parcel in all_of(parcels, pb.ListParcelsRequest(parent="units/26740", page_size=3))]
    assert found == expected


def test_a_parcel_is_found_by_the_key_on_papers(parcels: ParcelServiceStub, home: Parcel) -> None:
    key = home.cadastral_key
    request = pb.ListParcelsRequest(
        parent=home.unit,
        surveyed_ward_code=key.surveyed_ward_code,
        map_sheet=key.map_sheet,
        parcel_number=key.parcel_number,
    )
    assert [parcel.name for parcel in parcels.ListParcels(request).parcels] == [home.name]


@pytest.mark.parametrize(
    "request_",
    [
        pb.ListParcelsRequest(parent="units/26740", map_sheet=11),
        pb.ListParcelsRequest(parent="units/26740", surveyed_ward_code="26740", parcel_number=1),
        pb.ListParcelsRequest(parent="units/26740", page_size=-1),
        pb.ListParcelsRequest(parent="wards/26740"),
        pb.ListParcelsRequest(parent="units/26740", page_token="not one of ours"),
    ],
    ids=["sheet-without-ward", "number-without-sheet", "negative-page", "no-unit", "foreign-token"],
)
def test_impossible_lists(parcels: ParcelServiceStub, request_: pb.ListParcelsRequest) -> None:
    with pytest.raises(ValidationFailed):
        parcels.ListParcels(request_)


def test_a_page_token_is_good_for_its_own_list_only(parcels: ParcelServiceStub) -> None:
    token = parcels.ListParcels(pb.ListParcelsRequest(parent="units/26740", page_size=2)).next_page_token
    with pytest.raises(ValidationFailed) as error:
        parcels.ListParcels(pb.ListParcelsRequest(parent="units/27439", page_size=2, page_token=token))
    assert error.value.reason == "PAGE_TOKEN_INVALID"


def test_rights_in_force_with_their_holders(parcels: ParcelServiceStub, excerpt: Register) -> None:
    mortgaged = next(parcel for parcel in excerpt.parcels if parcel.mortgaged)
    rights = parcels.ListRights(pb.ListRightsRequest(parent=mortgaged.name)).rights
    assert [right.kind for right in rights][:2] == [pb.Right.KIND_USE, pb.Right.KIND_MORTGAGE]
    assert (rights[0].name, rights[0].blocking, rights[1].blocking) == (f"{mortgaged.name}/rights/r1", False, True)
    assert rights[1].holders[0].kind == pb.HOLDER_KIND_LENDER
    first = parcels.ListRights(pb.ListRightsRequest(parent=mortgaged.name, page_size=1))
    rest = parcels.ListRights(
        pb.ListRightsRequest(parent=mortgaged.name, page_size=1, page_token=first.next_page_token)
    )
    assert [*first.rights, *rest.rights] == list(rights[:2])


def test_officers_see_rights_in_their_own_ward_only(land: RunningService, home: Parcel) -> None:
    request = pb.ListRightsRequest(parent=home.name)
    assert land.call(ParcelServiceStub, officer("handler", home.unit)).ListRights(request).rights
    missing = pb.ListRightsRequest(parent="parcels/zzzzzzzzzzzz")
    foreign = land.call(ParcelServiceStub, officer("handler", "units/27439"))
    answers: list[MotcuaError] = []
    for asked in (request, missing):
        with pytest.raises(NotFound) as error:
            foreign.ListRights(asked)
        answers.append(error.value)
    assert {answer.reason for answer in answers} == {"PARCEL_NOT_FOUND"}
    assert answers[0].localized_message == answers[1].localized_message


def test_an_officer_lists_only_the_own_unit(land: RunningService) -> None:
    clerk = land.call(ParcelServiceStub, officer("reception_officer", "units/26740"))
    assert clerk.ListParcels(pb.ListParcelsRequest(parent="units/26740")).parcels
    assert not clerk.ListParcels(pb.ListParcelsRequest(parent="units/27439")).parcels


def test_people_see_parcels_but_no_rights(land: RunningService, home: Parcel) -> None:
    someone = land.call(ParcelServiceStub, citizen())
    assert someone.GetParcel(pb.GetParcelRequest(name=home.name)).name == home.name
    with pytest.raises(Forbidden):
        someone.ListRights(pb.ListRightsRequest(parent=home.name))
    with pytest.raises(NotAuthenticated):
        land.call(ParcelServiceStub).GetParcel(pb.GetParcelRequest(name=home.name))


@pytest.mark.parametrize("name", ["parcels/zzzzzzzzzzzz", "parcels/w3gvk1ck0998"])
def test_a_parcel_that_is_not_there(parcels: ParcelServiceStub, name: str) -> None:
    with pytest.raises(NotFound) as error:
        parcels.GetParcel(pb.GetParcelRequest(name=name))
    assert error.value.reason == "PARCEL_NOT_FOUND"
    assert error.value.metadata["resource"] == name


@pytest.mark.parametrize("name", ["", "parcels/", "parcels/ailo", "parcels/w3gvk1ck09982", "dossiers/w3gvk1ck0998"])
def test_what_is_no_parcel_name(parcels: ParcelServiceStub, name: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        parcels.GetParcel(pb.GetParcelRequest(name=name))
    assert error.value.violations[0].field == "name"


def test_a_point_far_from_everything(parcels: ParcelServiceStub) -> None:
    point = pb.ProjectedPoint(epsg=9210, northing=1_150_000, easting=560_000)
    with pytest.raises(NotFound):
        parcels.LocateParcel(pb.LocateParcelRequest(projected=point))
