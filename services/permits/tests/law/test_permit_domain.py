"""Numbers, words, dates and codes of permits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.data import load
from motcua_permits.domain.bylaws import vi_number
from motcua_permits.domain.catalogue import Numbering
from motcua_permits.domain.permit import (
    CODE_ALPHABET,
    CODE_LENGTH,
    Permit,
    PermitState,
    PermittedWork,
    grouped,
    local_date,
    months_later,
    storeys_text,
)
from motcua_permits.domain.values import PermitKind

NUMBERING = load(Path(__file__).resolve().parents[4] / "city/permits/numbering.yaml", Numbering)


def permit(samples: Any, **fields: object) -> Permit:
    values = {
        "id": "a" * 32,
        "number": "0123/2026/GPXD",
        "sequence": 123,
        "year": 2026,
        "unit": "units/26740",
        "kind": PermitKind.NEW,
        "application": f"permitApplications/{'a' * 32}",
        "dossier": f"dossiers/{'d' * 32}",
        "holder": f"accounts/{'c' * 32}",
        "parcel": "parcels/w3gvk1m2n3p4",
        "work": PermittedWork.of(samples.proposal, samples.site, "III"),
        "signer": f"officers/{'3' * 32}",
        "issue_date": date(2026, 11, 23),
        "start_before_date": date(2027, 11, 23),
        "verification_code": "ABCD2345EFGH6789",
        "unit_display_name": "Phường Sài Gòn",
    }
    return Permit(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("numbering", NUMBERING)
def test_numbers_are_those_of_the_examples(numbering: Numbering) -> None:
    assert numbering.examples
    for example in numbering.examples:
        assert numbering.number(example.sequence, example.year) == example.number


def test_the_permitted_work_says_what_article_49_asks(samples: Any) -> None:
    work = PermittedWork.of(
        replace(samples.proposal, basements=1, has_mezzanine=True, has_stair_housing=True, front_setback_m=2.4),
        samples.site,
        "III",
    )
    assert work.storeys_text == "4 tầng, 1 tầng hầm, tầng lửng, tum thang"
    assert work.density_percent == 80.0
    assert work.floor_area_ratio == 2.875
    assert work.red_line == "Nguyễn Trãi, lộ giới 12 m"
    assert work.building_line == "Lùi 2,4 m so với chỉ giới đường đỏ"
    assert work.parcel_label == "Thửa đất số 345, tờ bản đồ số 12"
    assert PermittedWork.of(samples.proposal, samples.site, "III").building_line == "Trùng với chỉ giới đường đỏ"
    assert storeys_text(samples.proposal) == "4 tầng"


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 23), 12, date(2027, 11, 23)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
    ],
)
def test_months_later_keeps_the_day_or_the_end_of_the_month(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


def test_the_date_of_a_permit_is_the_citys() -> None:
    assert local_date(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == date(2027, 1, 1)
    assert local_date(datetime(2026, 12, 31, 16, 59, tzinfo=UTC)) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1.234,5"), (80.0, "80"), (0.0, "0"), (1234567.891, "1.234.567,89"), (100.0, "100")]
)
def test_numbers_are_written_as_in_vietnam(value: float, text: str) -> None:
    assert vi_number(value) == text


def test_a_permit_is_verified_by_number_and_code_however_they_are_typed(samples: Any) -> None:
    issued = permit(samples, state=PermitState.ISSUED)
    assert issued.verifies("0123/2026/GPXD", "ABCD-2345-EFGH-6789")
    assert issued.verifies(" 0123/2026/gpxd ", "abcd 2345 efgh 6789")
    assert not issued.verifies("0124/2026/GPXD", "ABCD2345EFGH6789")
    assert not issued.verifies("0123/2026/GPXD", "ABCD2345EFGH6788")
    assert not permit(samples).verifies("0123/2026/GPXD", "ABCD2345EFGH6789"), "not signed yet"


@given(st.text(CODE_ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH))
def test_a_printed_code_verifies(samples: Any, code: str) -> None:
    issued = permit(samples, state=PermitState.ISSUED, verification_code=code)
    assert issued.verifies(issued.number, grouped(code))
    assert issued.verifies(issued.number, grouped(code).lower())


def test_a_second_document_never_replaces_the_first(samples: Any) -> None:
    one = permit(samples)
    one.take_document("permits/a.pdf", "v1", "1" * 64)
    one.take_document("permits/b.pdf", "v2", "2" * 64)
    assert (one.document_key, one.document_version, one.document_sha256) == ("permits/a.pdf", "v1", "1" * 64)
    assert [event.type for event in one.take_events()] == ["permit.issued"]
