from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from motcua_kit.data import load
from motcua_kit.domain import NotFound, ValidationFailed
from motcua_land.adapters import city_files
from motcua_land.adapters.register_files import read_register
from motcua_land.domain.certificate import CertificateForm, CertificateFormRule
from motcua_land.domain.land_use import LandUseCode, OriginCode
from motcua_land.domain.planning import PlanningMap

CITY = Path(__file__).resolve().parents[3] / "city" / "parcels"
CONFIDENCE = {"sure", "likely", "check", "own"}

FORMS = load(CITY / "certificate_forms.yaml", CertificateFormRule)
TOLERANCE = city_files.area_tolerance(CITY)


@pytest.mark.parametrize("rule", FORMS, ids=lambda rule: str(rule.form))
def test_examples_of_certificate_forms(rule: CertificateFormRule) -> None:
    assert rule.examples
    for example in rule.examples:
        assert rule.matches(example.serial, example.signed) is example.matches, example


def test_every_form_is_described_and_the_forms_follow_one_another() -> None:
    assert {rule.form for rule in FORMS} == set(CertificateForm)
    for earlier, later in pairwise(FORMS):
        assert earlier.valid_to is not None
        assert (later.valid_from - earlier.valid_to).days == 1


def test_examples_of_the_area_tolerance() -> None:
    assert TOLERANCE.examples
    for example in TOLERANCE.examples:
        assert TOLERANCE.tolerance_m2(example.map_scale, example.area_m2) == example.tolerance_m2


def test_codes_are_unique_and_marked_with_confidence() -> None:
    for records in (load(CITY / "land_use_codes.yaml", LandUseCode), load(CITY / "origin_codes.yaml", OriginCode)):
        assert len({record.code for record in records}) == len(records)
        assert {record.confidence for record in records} <= CONFIDENCE
        assert all(record.source and record.article for record in records)


@pytest.mark.parametrize(
    ("code", "residential", "in_force"),
    [("ODT", True, True), ("ONT", True, True), ("CLN", False, True), ("TMD", False, True), ("LUA", False, False)],
)
def test_land_use_codes(code: str, *, residential: bool, in_force: bool) -> None:
    use = city_files.land_uses(CITY).get(code)
    assert (use.residential, use.valid_to is None) == (residential, in_force)


def test_an_unknown_land_use_code() -> None:
    with pytest.raises(ValidationFailed) as error:
        city_files.land_uses(CITY).get("XYZ")
    assert error.value.reason == "LAND_USE_CODE_UNKNOWN"


def test_a_day_is_judged_by_the_plan_of_that_day() -> None:
    register = read_register(CITY)
    planning = PlanningMap(city_files.zones(CITY), register.roads)
    land = next(parcel for parcel in register.parcels if parcel.zone == "SG-HH")
    assert planning.of_parcel(land, date(2026, 11, 23)).zone.max_storeys == 0
    assert planning.of_parcel(land, date(2025, 12, 31)).zone.max_storeys == 6
    with pytest.raises(NotFound) as error:
        planning.of_parcel(land, date(2000, 1, 1))
    assert error.value.reason == "PLANNING_UNKNOWN"
