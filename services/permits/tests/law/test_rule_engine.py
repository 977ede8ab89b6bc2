"""What the rules in force say of proposals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.data import load
from motcua_kit.domain import PreconditionFailed
from motcua_permits.domain.bylaws import BuildingClass, Finding, FindingOutcome, Rule, RuleSet
from motcua_permits.domain.clauses import holds
from motcua_permits.domain.facts import HouseProposal, SiteFacts, facts_of

BYLAWS = Path(__file__).resolve().parents[4] / "city/bylaws"
RULES = [
    rule
    for file in ("qcvn-01-2021.yaml", "hcmc-townhouse.yaml", "construction-law.yaml")
    for rule in load(BYLAWS / file, Rule)
]
CLASSES = load(BYLAWS / "building-classes.yaml", BuildingClass)
RULE_SET = RuleSet.on(date(2026, 11, 23), RULES, CLASSES)


def findings(proposal: HouseProposal, site: SiteFacts) -> dict[str, Finding]:
    return {finding.rule_id: finding for finding in RULE_SET.check(facts_of(proposal, site))}


def beyond(found: dict[str, Finding]) -> dict[str, FindingOutcome]:
    return {name: finding.outcome for name, finding in found.items() if finding.outcome is not FindingOutcome.INFO}


def test_a_house_within_all_limits_has_only_information(proposal: HouseProposal, site: SiteFacts) -> None:
    assert beyond(findings(proposal, site)) == {}


def test_density_over_the_limit_blocks_and_cites_rule_input_limit_and_validity(
    proposal: HouseProposal, site: SiteFacts
) -> None:
    large_lot = replace(site, lot_area_m2=150.0)
    found = findings(replace(proposal, lot_area_m2=150.0, built_area_m2=130.0), large_lot)
    density = found["qcvn01-2021.house-density"]
    assert density.outcome is FindingOutcome.BLOCK
    assert (density.value, density.limit, density.unit) == (86.67, 80.0, "%")
    assert (density.law.source, density.law.article) == ("QCVN 01:2021/BXD", "Bảng 2.8")
    assert {item.name: item.value for item in density.inputs} == {"lot_area_m2": "150", "density_percent": "86.67"}
    assert (density.valid_from, density.valid_to) == (date(2021, 7, 5), None)
    assert density.message.vi == (
        "Mật độ xây dựng thuần của lô đất nhà ở riêng lẻ: 86,67 % vượt mức tối đa 80 % (QCVN 01:2021/BXD, Bảng 2.8)."
    )


def test_a_small_lot_in_an_existing_urban_area_may_be_built_over(proposal: HouseProposal, site: SiteFacts) -> None:
    full = replace(proposal, lot_area_m2=95.0, built_area_m2=95.0)
    old_town = findings(full, replace(site, lot_area_m2=95.0))
    assert "qcvn01-2021.house-density" not in old_town
    assert old_town["qcvn01-2021.house-density-existing-urban"].limit == 100
    new_town = findings(full, replace(site, lot_area_m2=95.0, existing_urban_area=False))
    assert new_town["qcvn01-2021.house-density"].outcome is FindingOutcome.BLOCK
    too_high = findings(replace(full, height_m=25.5), replace(site, lot_area_m2=95.0))
    assert too_high["qcvn01-2021.house-density"].outcome is FindingOutcome.BLOCK


def test_an_exception_that_cannot_be_decided_leaves_the_general_rule(proposal: HouseProposal, site: SiteFacts) -> None:
    found = findings(replace(proposal, built_area_m2=80.0), replace(site, existing_urban_area=None))
    assert found["qcvn01-2021.house-density"].limit == 100  # lot of 80 m²
    assert "qcvn01-2021.house-density-existing-urban" not in found


def test_an_unknown_road_width_warns_that_the_rule_was_not_computed(proposal: HouseProposal, site: SiteFacts) -> None:
    found = findings(proposal, replace(site, road_width_m=None))
    setback = found["qcvn01-2021.front-setback"]
    assert setback.outcome is FindingOutcome.WARN
    assert setback.limit is None
    assert "road_width_m" in setback.message.vi


def test_farm_land_blocks(proposal: HouseProposal, site: SiteFacts) -> None:
    found = findings(proposal, replace(site, land_uses=("CLN",)))
    assert found["construction-law.residential-land"].outcome is FindingOutcome.BLOCK


@pytest.mark.parametrize(
    ("change", "rule_id"),
    [
        ({"storeys": 5}, "hcmc-56-2021.storeys"),
        ({"height_m": 19.1}, "hcmc-56-2021.height"),
        ({"building_line_height_m": 17.2}, "hcmc-56-2021.height-at-building-line"),
        ({"rear_setback_m": 0.9}, "hcmc-56-2021.rear-setback"),
        ({"balcony_projection_m": 1.3}, "hcmc-56-2021.balcony"),
        ({"has_mezzanine": True, "mezzanine_height_m": 6.0}, "hcmc-56-2021.mezzanine-height"),
        ({"lot_area_m2": 90.0}, "cross-check.lot-area"),
        ({"storeys": 8, "height_m": 18.0}, "construction-law.ward-authority"),
    ],
)
def test_local_rules_warn_and_never_block(
    proposal: HouseProposal, site: SiteFacts, change: dict[str, float], rule_id: str
) -> None:
    found = findings(replace(proposal, **change), site)  # type: ignore[arg-type]
    assert found[rule_id].outcome is FindingOutcome.WARN


def test_a_detailed_plan_goes_before_the_general_rules(proposal: HouseProposal, site: SiteFacts) -> None:
    assert "detailed-plan.storeys" not in findings(proposal, site)
    found = findings(proposal, replace(site, plan_max_storeys=3))
    assert found["detailed-plan.storeys"].outcome is FindingOutcome.BLOCK


@given(
    lot=st.floats(20, 3000),
    share=st.floats(0.1, 1),
    storeys=st.integers(1, 12),
    height=st.floats(3, 50),
    width=st.one_of(st.none(), st.floats(1, 60)),
)
def test_every_proposal_gets_a_lawful_finding_from_every_rule(
    samples: Any, lot: float, share: float, storeys: int, height: float, width: float | None
) -> None:
    proposal = replace(samples.proposal, lot_area_m2=lot, built_area_m2=lot * share, storeys=storeys, height_m=height)
    for finding in RULE_SET.check(facts_of(proposal, replace(samples.site, lot_area_m2=lot, road_width_m=width))):
        assert finding.law.source
        assert finding.law.article
        assert finding.message.vi
        if finding.value is not None and finding.limit is not None:
            within = finding.value <= finding.limit if finding.limit_is_maximum else finding.value >= finding.limit
            assert within == (finding.outcome is FindingOutcome.INFO)


def test_a_part_over_an_unknown_fact_is_unknown_unless_another_is_false() -> None:
    clause = {"a": True, "b": {"min": 3, "below": 5}}
    assert holds(clause, {"a": True, "b": 3}) is True
    assert holds(clause, {"a": True, "b": 5}) is False
    assert holds(clause, {"a": True, "b": None}) is None
    assert holds(clause, {"a": False, "b": None}) is False
    with pytest.raises(ValueError, match="not atmost"):
        holds({"b": {"atmost": 1}}, {"b": 1})


def test_no_rules_on_a_day_is_said() -> None:
    with pytest.raises(PreconditionFailed) as refused:
        RuleSet.on(date(1999, 1, 1), RULES, CLASSES)
    assert refused.value.reason == "RULE_SET_MISSING"
