"""The City's by-law data: sound, complete, and giving the limits of its own examples."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.data import load
from motcua_permits.domain.bylaws import BuildingClass, Example, Rule, RuleSet, problems_of
from motcua_permits.domain.tables import Interpolation

CITY = Path(__file__).resolve().parents[4] / "city"
RULES = [
    rule
    for file in ("qcvn-01-2021.yaml", "hcmc-townhouse.yaml", "construction-law.yaml")
    for rule in load(CITY / "bylaws" / file, Rule)
]
CLASSES = load(CITY / "bylaws/building-classes.yaml", BuildingClass)
TODAY = RuleSet.on(date(2026, 11, 23), RULES, CLASSES)
BY_ID = {rule.rule_id: rule for rule in RULES}


def test_rules_are_sound() -> None:
    assert problems_of(RULES) == []


@pytest.mark.parametrize(
    ("rule", "example"),
    [
        pytest.param(rule, example, id=f"{rule.rule_id}-{n}")
        for rule in RULES
        for n, example in enumerate(rule.examples)
    ],
)
def test_rule_gives_the_limit_of_its_example(rule: Rule, example: Example) -> None:
    facts = {name: tuple(value) if isinstance(value, list) else value for name, value in example.facts.items()}
    if rule.expect:
        assert rule.expectation_holds(facts) is example.holds
    else:
        assert rule.limit_for(facts) == (None if example.limit is None else pytest.approx(example.limit))


LINEAR = [rule for rule in RULES if rule.interpolation is Interpolation.LINEAR]


@pytest.mark.parametrize("rule", LINEAR, ids=lambda rule: rule.rule_id)
def test_linear_table_is_exact_at_its_points(rule: Rule) -> None:
    assert rule.table is not None
    limits = [rule.limit_for({rule.input[0]: point}) for point in rule.table.points[0]]
    assert limits == [float(value) for value in rule.table.values]


AREAS = st.floats(min_value=1, max_value=100_000, allow_nan=False)


@pytest.mark.parametrize("rule", LINEAR, ids=lambda rule: rule.rule_id)
@given(one=AREAS, other=AREAS)
def test_density_never_rises_with_the_lot_and_stays_within_the_table(rule: Rule, one: float, other: float) -> None:
    assert rule.table is not None
    small, large = sorted((one, other))
    of_small, of_large = rule.limit_for({"lot_area_m2": small}), rule.limit_for({"lot_area_m2": large})
    assert of_small is not None
    assert of_large is not None
    assert min(rule.table.values) <= of_large <= of_small <= max(rule.table.values)


@given(
    area=st.floats(min_value=90, max_value=1000),
    step=st.floats(min_value=0.001, max_value=1),
)
def test_density_has_no_jumps(area: float, step: float) -> None:
    rule = BY_ID["qcvn01-2021.house-density"]
    here, there = rule.limit_for({"lot_area_m2": area}), rule.limit_for({"lot_area_m2": area + step})
    assert here is not None
    assert there is not None
    assert here - there <= step * 1.0 + 1e-9  # the steepest part loses one per cent a square metre


@given(
    widths=st.tuples(st.floats(1, 60), st.floats(1, 60)),
    heights=st.tuples(st.floats(3, 60), st.floats(3, 60)),
)
def test_front_setback_grows_with_height_and_shrinks_with_road_width(
    widths: tuple[float, float], heights: tuple[float, float]
) -> None:
    rule = BY_ID["qcvn01-2021.front-setback"]
    narrow, wide = sorted(widths)
    low, high = sorted(heights)

    def setback(width: float, height: float) -> float:
        limit = rule.limit_for({"road_width_m": width, "height_m": height})
        assert limit is not None
        return limit

    assert 0 <= setback(wide, low) <= setback(narrow, low) <= setback(narrow, high) <= 6
    assert setback(wide, high) <= setback(narrow, high)


@given(width=st.floats(1, 24.99), central=st.booleans(), axis=st.booleans())
def test_storeys_stay_between_base_and_cap(width: float, central: bool, axis: bool) -> None:  # noqa: FBT001 - drawn
    rule = BY_ID["hcmc-56-2021.storeys"]
    limit = rule.limit_for({"road_width_m": width, "central_area": central, "commercial_axis": axis})
    base = rule.limit_for({"road_width_m": width, "central_area": False, "commercial_axis": False})
    assert base is not None
    assert limit is not None
    assert 3 <= base <= limit <= min(base + 1, 6)


@pytest.mark.parametrize(
    ("storeys", "height_m", "name"),
    [
        (1, 6, "IV"),
        (1, 6.1, "III"),
        (2, 6, "III"),
        (7, 28, "III"),
        (8, 28, "II"),
        (7, 28.5, "II"),
        (60, 210, "Đặc biệt"),
    ],
)
def test_building_class_is_the_highest_of_storeys_and_height(storeys: int, height_m: float, name: str) -> None:
    assert TODAY.building_class({"storeys": storeys, "height_m": height_m}) == name


def test_a_rule_set_is_the_rules_of_its_day_and_its_digest_their_content() -> None:
    before_the_law = RuleSet.on(date(2026, 6, 30), RULES, CLASSES)
    same_rules_later = RuleSet.on(date(2026, 12, 1), RULES, CLASSES)
    assert "construction-law.residential-land" not in {rule.rule_id for rule in before_the_law.rules}
    assert before_the_law.digest != TODAY.digest
    assert same_rules_later.digest == TODAY.digest
