"""The committed register of the demo wards: drawn from the plan, lawful, and without overlaps."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import STRtree, unary_union

from motcua_kit.data import load
from motcua_land.adapters import city_files
from motcua_land.adapters.register_files import Register, read_register
from motcua_land.commands import generate
from motcua_land.domain.parcel import Parcel, ParcelClass
from motcua_land.domain.register_check import register_problems
from motcua_land.domain.rights import RightKind
from motcua_land.synthetic.plan import WardPlan
from motcua_land.synthetic.register import WardRegister, make_register

CITY = Path(__file__).resolve().parents[3] / "city" / "parcels"
PLANS = load(CITY / "wards.yaml", WardPlan)
RULES = city_files.rules(CITY)


@pytest.fixture(scope="module")
def register() -> Register:
    return read_register(CITY)


@pytest.fixture(scope="module")
def wards() -> list[WardRegister]:
    return make_register(PLANS, RULES.tolerance)


def holder_of(register: Register, citizen_id: str) -> Parcel:
    (parcel,) = (parcel for parcel in register.parcels if citizen_id in parcel.users)
    return parcel


def worst_overlap(parcels: list[Parcel]) -> float:
    polygons = [parcel.boundary.polygon() for parcel in parcels]
    pairs = zip(*STRtree(polygons).query(polygons, predicate="intersects").tolist(), strict=True)
    return max((polygons[i].intersection(polygons[j]).area for i, j in pairs if i < j), default=0.0)


def test_the_files_are_what_the_plan_gives() -> None:
    result = CliRunner().invoke(generate, ["--check", "--dir", str(CITY)])
    assert result.exit_code == 0, result.output


def test_at_least_two_hundred_parcels_in_each_demo_ward(register: Register) -> None:
    counts = Counter(parcel.unit for parcel in register.parcels)
    assert set(counts) == {"units/26740", "units/27439", "units/26884"}
    assert min(counts.values()) >= 200


def test_nothing_is_wrong_with_the_register(register: Register) -> None:
    assert register_problems(register.parcels, register.certificates, register.roads, RULES) == []


def test_lots_and_roads_fill_the_block_without_overlap(wards: list[WardRegister]) -> None:
    for ward in wards:
        roads = unary_union([polygon for _, polygon in ward.roads])
        polygons = [parcel.boundary.polygon() for parcel in ward.parcels]
        assert worst_overlap(ward.parcels) == 0.0
        assert all(polygon.intersection(roads).area == 0.0 for polygon in polygons)
        assert all(ward.outline.covers(polygon) for polygon in polygons)
        assert unary_union([*polygons, roads]).area == pytest.approx(ward.outline.area, rel=1e-3)


def test_a_parcel_touches_the_road_that_serves_it(wards: list[WardRegister]) -> None:
    for ward in wards:
        roads = {road.code: polygon for road, polygon in ward.roads}
        for parcel in ward.parcels:
            if parcel.road:
                edge = parcel.boundary.polygon().intersection(roads[parcel.road]).length
                assert edge == pytest.approx(parcel.frontage_m, abs=0.01)
            else:
                assert parcel.frontage_m == 0


def test_sheets_and_numbers_repeat_between_merged_wards(register: Register) -> None:
    in_ward = [parcel.cadastral_key for parcel in register.parcels if parcel.unit == "units/26740"]
    assert len({key.surveyed_ward_code for key in in_ward}) == 2
    assert len({(key.map_sheet, key.parcel_number) for key in in_ward}) < len(in_ward)
    assert len(set(in_ward)) == len(in_ward)


def test_the_register_shows_what_registers_show(register: Register) -> None:
    parcels = register.parcels
    assert {parcel.parcel_class for parcel in parcels} >= {
        ParcelClass.A, ParcelClass.B, ParcelClass.C, ParcelClass.G
    }  # fmt: skip
    assert any(not parcel.area.within_tolerance for parcel in parcels)
    assert any(not parcel.road for parcel in parcels)
    assert any(right.kind is RightKind.MORTGAGE and not right.in_force for p in parcels for right in p.rights)
    assert any(parcel.mortgaged for parcel in parcels)
    assert any(parcel.restricted for parcel in parcels)
    assert any(len(certificate.parcels) > 1 for certificate in register.certificates)
    assert {certificate.form for certificate in register.certificates} == {rule.form for rule in RULES.forms}


def test_the_applicant_of_the_main_job(register: Register) -> None:
    parcel = holder_of(register, "079185001234")
    ownership = parcel.ownership_of("079185001234")
    road = next(road for road in register.roads if road.code == parcel.road)
    assert (parcel.unit, parcel.frontage_m, parcel.area.legal_m2, road.width_m) == ("units/26740", 5.0, 100.0, 12)
    assert (ownership.sole, ownership.certificate) == (True, "certificates/aa00012345")
    assert not ownership.blocking
    assert [use.code for use in parcel.land_uses] == ["ODT"]


def test_the_person_with_a_mortgage(register: Register) -> None:
    parcel = holder_of(register, "079090004321")
    assert parcel.unit == "units/27439"
    assert parcel.ownership_of("079090004321").mortgaged


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), rotation=st.floats(-89, 89), plan=st.sampled_from(PLANS))
def test_any_seed_and_rotation_gives_a_lawful_ward(seed: int, rotation: float, plan: WardPlan) -> None:
    (ward,) = make_register([replace(plan, seed=seed, rotation_deg=rotation, column_m=50)], RULES.tolerance)
    roads = [road for road, _ in ward.roads]
    assert register_problems(ward.parcels, ward.certificates, roads, RULES) == []
    assert worst_overlap(ward.parcels) == 0.0


def test_problems_are_found(register: Register) -> None:
    good = [parcel for parcel in register.parcels if parcel.certificates][:3]
    stated = {name for parcel in good for name in parcel.certificates}
    papers = [certificate for certificate in register.certificates if certificate.name in stated]

    def problems(parcels: list[Parcel]) -> str:
        return "\n".join(register_problems(parcels, papers, register.roads, RULES))

    twin = replace(good[0], cadastral_key=replace(good[0].cadastral_key, parcel_number=999))
    assert f"parcel code {good[0].id} is there 2 times" in problems([*good, twin])
    moved = replace(good[0], id=good[1].id)
    assert "the code does not lie inside" in problems([moved])
    shrunk = replace(good[0], area=replace(good[0].area, measured_m2=1.0))
    assert "measured area is 1.0" in problems([shrunk, *good[1:]])
    assert "the uses do not add up" in problems([replace(good[0], land_uses=()), *good[1:]])
    strange = replace(good[0], land_uses=(replace(good[0].land_uses[0], code="XYZ", origin_code="NO"),))
    assert "XYZ is not in the land-use catalogue" in problems([strange])
    assert "NO is no origin of a right" in problems([strange])
    assert "there is no road nowhere" in problems([replace(good[0], road="nowhere")])
    assert "there is no zone nowhere" in problems([replace(good[0], zone="nowhere")])
    assert "overlap" in problems([good[0], replace(good[1], boundary=good[0].boundary)])
    assert "only the certificate says" in problems([replace(good[0], rights=()), *good[1:]])
    assert "tolerance is 0.0" in problems([replace(good[0], area=replace(good[0].area, tolerance_m2=0.0))])
    assert problems(good) == "" or "only the certificate says" in problems(good)
    wrong_form = replace(papers[0], issue_date=papers[0].issue_date.replace(year=1990))
    assert "has no serial" in "\n".join(register_problems(good, [wrong_form], register.roads, RULES))
