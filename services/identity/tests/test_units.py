"""The units of the City: the data, and questions about them as of a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from motcua_identity.adapters.unit_files import load_units
from motcua_identity.domain.unit import Unit, UnitDirectory, UnitType, fold
from motcua_kit.data import DataError
from motcua_kit.domain import NotFound, PreconditionFailed, ValidationFailed

FOLDER = Path(__file__).resolve().parents[3] / "city" / "units"
EXAMPLES = yaml.safe_load((FOLDER / "examples.yaml").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 23)
LAST_OLD_DAY = date(2025, 6, 30)
MERGER = date(2025, 7, 1)


@pytest.fixture(scope="module")
def units() -> UnitDirectory:
    return load_units(FOLDER)


@pytest.mark.parametrize("example", EXAMPLES["counts"], ids=lambda example: str(example["as_of"]))
def test_as_many_units_as_the_law_made(units: UnitDirectory, example: dict[str, Any]) -> None:
    below = [example["province"]]
    found = []
    while below:
        children = list(units.in_force(example["as_of"], parent=below.pop()))
        found += [unit.type for unit in children]
        below += [unit.code for unit in children]
    for kind in ("WARD", "COMMUNE", "SPECIAL_ZONE", "TOWNSHIP", "DISTRICT"):
        assert found.count(UnitType[kind]) == example[kind], kind


@pytest.mark.parametrize("example", EXAMPLES["resolve"], ids=lambda example: f"{example['code']} on {example['as_of']}")
def test_what_became_of_a_unit(units: UnitDirectory, example: dict[str, Any]) -> None:
    assert units.get(example["code"], example["written"]).display_name == example["name"]
    found = units.resolve(example["code"], example["written"], example["as_of"])
    assert [unit.code for unit in found.units] == example["units"]
    assert found.ambiguous == example["ambiguous"]


def test_a_code_is_used_again(units: UnitDirectory) -> None:
    assert units.get("26740", LAST_OLD_DAY).display_name == "Phường Bến Nghé"
    assert units.get("26740", MERGER).display_name == "Phường Sài Gòn"


def test_a_code_without_a_day_means_the_earliest_unit(units: UnitDirectory) -> None:
    assert units.resolve("26743", None, TODAY) == units.resolve("26743", LAST_OLD_DAY, TODAY)
    assert [unit.code for unit in units.resolve("so-xay-dung", None, TODAY).units] == ["so-xay-dung"]


def test_every_old_unit_lives_on_and_every_ward_comes_from_somewhere(units: UnitDirectory) -> None:
    heirs = set()
    for unit in units.in_force(LAST_OLD_DAY):
        found = units.resolve(unit.code, LAST_OLD_DAY, TODAY)
        assert all(heir.in_force(TODAY) for heir in found.units)
        if unit.type is not UnitType.DISTRICT or unit.code == "755":
            heirs |= {heir.code for heir in found.units}
    wards = list(units.in_force(TODAY, parent="79", type=None))
    assert {unit.code for unit in wards if unit.type is not UnitType.AGENCY} <= heirs
    for unit in wards:
        for code in units.predecessors(unit):
            assert unit.code in units.get(code, LAST_OLD_DAY).successors


def test_the_ways_to_ask_wrongly(units: UnitDirectory) -> None:
    with pytest.raises(NotFound) as unknown:
        units.get("99999", TODAY)
    with pytest.raises(PreconditionFailed) as ended:
        units.get("760", TODAY)
    with pytest.raises(ValidationFailed):
        units.resolve("26740", TODAY, LAST_OLD_DAY)
    with pytest.raises(PreconditionFailed):
        units.resolve("so-xay-dung", None, LAST_OLD_DAY)
    assert (unknown.value.reason, ended.value.reason) == ("UNIT_NOT_FOUND", "UNIT_NOT_IN_FORCE")


@pytest.mark.parametrize("query", ["sai gon", "SÀI GÒN", "Phường  sài gòn"])
def test_search_does_not_mind_tones(units: UnitDirectory, query: str) -> None:
    assert [unit.code for unit in units.in_force(TODAY, query=query)] == ["26740"]


@pytest.mark.parametrize(
    ("text", "folded"), [("Đường Nguyễn Trãi", "duong nguyen trai"), ("Thủ Đức", "thu duc"), ("  ", "")]
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


def unit(code: str, start: date, end: date | None = None, *, parent: str = "", heirs: tuple[str, ...] = ()) -> Unit:
    return Unit(code, code, UnitType.WARD, parent, "", start, end, heirs)


@pytest.mark.parametrize(
    "units",
    [
        [unit("1", LAST_OLD_DAY), unit("1", MERGER)],
        [unit("1", MERGER, parent="2")],
        [unit("1", date(2025, 1, 1), LAST_OLD_DAY, heirs=("2",))],
        [unit("1", date(2025, 1, 1), LAST_OLD_DAY, heirs=("2",)), unit("2", date(2025, 8, 1))],
    ],
    ids=["twice on one day", "no parent", "no successor", "successor too late"],
)
def test_units_that_contradict_each_other_are_refused(units: list[Unit]) -> None:
    with pytest.raises(ValueError, match="unit"):
        UnitDirectory(units)


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    for name in ("sources.yaml", "agencies.yaml"):
        (tmp_path / name).write_text((FOLDER / name).read_text(encoding="utf-8"), encoding="utf-8")
    lines = (FOLDER / "units.csv").read_text(encoding="utf-8").splitlines()
    lines[4] = lines[4].replace("2025-01-01", "2025-13-01")
    (tmp_path / "units.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match="line 5"):
        load_units(tmp_path)
