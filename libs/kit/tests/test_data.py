"""Data files: records of exactly the shape that the code expects, or a message that names the place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest

from motcua_kit.data import DataError, as_of, load, load_file


class Confidence(StrEnum):
    SURE = "sure"
    CHECK = "check"


@dataclass(frozen=True)
class Limit:
    code: str
    storeys: int
    density: float
    valid_from: date
    valid_to: date | None = None
    confidence: Confidence = Confidence.SURE
    open: bool = False
    notes: tuple[str, ...] = ()


GOOD = """
- {code: "00123", storeys: 5, density: 1, valid_from: 2026-01-01, confidence: check, open: yes, notes: [a, b]}
- {code: B, storeys: 3, density: 0.6, valid_from: 2025-01-01, valid_to: 2025-12-31}
"""


def write(folder: Path, text: str, name: str = "limits.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_records_are_read(tmp_path: Path) -> None:
    first, second = load(write(tmp_path, GOOD), Limit)
    assert first == Limit("00123", 5, 1.0, date(2026, 1, 1), None, Confidence.CHECK, open=True, notes=("a", "b"))
    assert second.valid_to == date(2025, 12, 31)


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path, f"- {{code: {name}, storeys: 1, density: 1, valid_from: 2026-01-01}}", f"{name}.yaml")
    assert [each.code for each in load(tmp_path, Limit)] == ["a", "b"]


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    assert load(write(tmp_path, "# nothing yet\n"), Limit) == []


def test_one_record_in_a_file(tmp_path: Path) -> None:
    file = write(tmp_path, "{code: a, storeys: 1, density: 1, valid_from: 2026-01-01}")
    assert load_file(file, Limit).code == "a"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("code: 123", "code"),
        ("code: no", "code"),
        ("storeys: five", "storeys"),
        ("storeys: true", "storeys"),
        ("storeys: 1.5", "storeys"),
        ("density: high", "density"),
        ("valid_from: soon", "valid_from"),
        ("valid_from: 3", "valid_from"),
        ("confidence: maybe", "confidence"),
        ("open: 'no'", "open"),
        ("notes: [1]", "notes"),
        ("surprise: 1", "surprise"),
    ],
)
def test_a_record_of_another_shape_is_refused_with_its_place(tmp_path: Path, change: str, told: str) -> None:
    field = change.partition(":")[0]
    good = {"code": "a", "storeys": "1", "density": "1", "valid_from": "2026-01-01"}
    good.pop(field, None)
    record = ", ".join([*(f"{key}: {value}" for key, value in good.items()), change])
    file = write(tmp_path, f"- {{code: ok, storeys: 1, density: 1, valid_from: 2026-01-01}}\n- {{{record}}}")
    with pytest.raises(DataError) as caught:
        load(file, Limit)
    assert f"{file}, record 2" in str(caught.value)
    assert told in str(caught.value)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="storeys"):
        load(write(tmp_path, "- {code: a, density: 1, valid_from: 2026-01-01}"), Limit)


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (date(2024, 12, 31), []),
        (date(2025, 1, 1), ["B"]),
        (date(2025, 12, 31), ["B"]),
        (date(2026, 1, 1), ["00123"]),
        (date(2099, 1, 1), ["00123"]),
    ],
)
def test_what_is_in_force_on_a_day(tmp_path: Path, day: date, codes: list[str]) -> None:
    assert [each.code for each in as_of(load(write(tmp_path, GOOD), Limit), day)] == codes
