"""Rendering of Typst templates."""

from __future__ import annotations

import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motcua_kit.documents.render import RenderError, render

SAMPLE = Path(__file__).parent / "sample.typ"
TIME = datetime(2026, 11, 23, 1, 5, tzinfo=UTC)
# Writes `data` back into the metadata of the PDF, where a test can read it exactly.
ECHO = """
#set document(title: "t", description: {expression})
#set text(font: "Noto Serif", lang: "vi")
#set page(width: 40mm, height: 40mm)
x
"""


@pytest.fixture
def echo(tmp_path: Path) -> Any:
    def run(expression: str, data: dict[str, object]) -> str:
        template = tmp_path / "echo.typ"
        template.write_text('#import "@motcua/documents:1.0.0": *\n' + ECHO.replace("{expression}", expression))
        with pikepdf.open(io.BytesIO(render(template, data, time=TIME))) as pdf, pdf.open_metadata() as metadata:
            return str(metadata["dc:description"])

    return run


def test_the_same_input_gives_the_same_bytes(sample_data: dict[str, Any], sample_pdf: bytes) -> None:
    assert render(SAMPLE, sample_data, time=TIME) == sample_pdf
    assert render(SAMPLE, sample_data, time=TIME + timedelta(seconds=1)) != sample_pdf


def test_threads_do_not_disturb_each_other(sample_data: dict[str, Any]) -> None:
    names = [f"Người số {number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda name: render(SAMPLE, {**sample_data, "signer": name}, time=TIME), names))
    assert made == [render(SAMPLE, {**sample_data, "signer": name}, time=TIME) for name in names]
    assert len(set(made)) == len(names)


def test_the_file_ends_with_a_line_end(sample_pdf: bytes) -> None:
    assert sample_pdf.endswith(b"%%EOF\n")


def test_the_document_is_tagged_titled_and_in_vietnamese(sample_pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(sample_pdf)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        assert str(pdf.Root.Lang) == "vi"
        with pdf.open_metadata() as metadata:
            assert metadata["dc:title"] == "Giấy tiếp nhận hồ sơ và hẹn trả kết quả"
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
            assert metadata["pdfuaid:part"] == "1"


def test_every_font_is_one_of_ours(sample_pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(sample_pdf)) as pdf:
        dictionaries = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary)]
        fonts = {str(each.FontName) for each in dictionaries if each.get("/Type") == "/FontDescriptor"}
    assert fonts
    assert all("NotoSerif" in font or "BeVietnamPro" in font for font in fonts), fonts


@settings(max_examples=30, deadline=None)
@given(text=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), max_codepoint=0x1EF9)))
def test_data_is_never_read_as_markup(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    template = tmp_path_factory.mktemp("echo") / "echo.typ"
    template.write_text('#import "@motcua/documents:1.0.0": *\n' + ECHO.replace("{expression}", "data.text"))
    text = f"|{text}#[x] $y$|"
    pdf = render(template, {"text": text}, time=TIME)
    with pikepdf.open(io.BytesIO(pdf)) as opened, opened.open_metadata() as metadata:
        assert str(metadata["dc:description"]) == text


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime(2026, 11, 22, 18, 30, tzinfo=UTC), "2026-11-23T01:30:00+07:00"),
        (date(2026, 3, 2), "2026-03-02"),
        (Decimal("1234.50"), "1234.50"),
        (Colour.RED, "red"),
    ],
)
def test_values_as_templates_see_them(echo: Any, value: object, written: str) -> None:
    assert echo("data.value", {"value": value}) == written


def test_a_dataclass_is_a_dictionary(echo: Any) -> None:
    assert echo("str(data.value.x)", {"value": Point(7)}) == "7"


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ('short-date("2026-03-02")', "02/03/2026"),
        ('long-date("2026-03-02")', "ngày 02 tháng 3 năm 2026"),
        ('long-date("2026-01-15")', "ngày 15 tháng 01 năm 2026"),
        ('long-date("2026-02-09")', "ngày 09 tháng 02 năm 2026"),
        ('long-date("2026-11-23")', "ngày 23 tháng 11 năm 2026"),
        ('moment("2026-11-23T08:05:00+07:00")', "08 giờ 05 phút, ngày 23/11/2026"),
        ("number(0)", "0"),
        ("number(999)", "999"),
        ("number(1000)", "1.000"),
        ("number(1234567)", "1.234.567"),
        ('number("1234.5")', "1.234,5"),
        ("number(-1234)", "-1.234"),
        ("money(150000)", "150.000 đồng"),
    ],
)
def test_dates_and_numbers_as_written_in_vietnam(echo: Any, expression: str, written: str) -> None:
    assert echo(expression, {}) == written


@pytest.mark.parametrize("expression", ['short-date("23/11/2026")', 'moment("2026-11-23")', 'number("1.234,5")'])
def test_what_is_no_date_or_number_is_refused(echo: Any, expression: str) -> None:
    with pytest.raises(RenderError, match=r"not an ISO 8601 date|no time of day|not a decimal number"):
        echo(expression, {})


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), object(), {1, 2}])  # noqa: DTZ001 - that is the point
def test_data_that_has_no_clear_text_is_refused(echo: Any, value: object) -> None:
    with pytest.raises(RenderError, match=r"no time zone|cannot be handed"):
        echo("data.value", {"value": value})


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("#data.missing", "missing"),
        ("#show: official", "official(title: …) is required"),
        ('#set text(font: "Comic Sans")', "unknown font family"),
        ('#qr-code("<svg/>")', "description"),
        ('#read("../outside.txt")', "escape|denied|outside|not found"),
        ("#let x = ", "expected expression"),
    ],
)
def test_a_wrong_template_is_refused(tmp_path: Path, body: str, cause: str) -> None:
    template = tmp_path / "inner" / "t.typ"
    template.parent.mkdir()
    (tmp_path / "outside.txt").write_text("secret")
    template.write_text('#import "@motcua/documents:1.0.0": *\n#set document(title: "t")\n' + body)
    with pytest.raises(RenderError) as caught:
        render(template, {}, time=TIME)
    assert any(part in str(caught.value) for part in cause.split("|")), str(caught.value)


def test_a_long_list_goes_on_over_pages(sample_data: dict[str, Any]) -> None:
    def pages(rows: int) -> int:
        data = {**sample_data, "components": list(itertools.repeat({"name": "Bản vẽ", "count": 1}, rows))}
        with pikepdf.open(io.BytesIO(render(SAMPLE, data, time=TIME))) as pdf:
            return len(pdf.pages)

    assert (pages(1), pages(40)) == (1, 2)
