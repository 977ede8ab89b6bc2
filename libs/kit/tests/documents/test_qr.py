"""QR codes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from motcua_kit.documents.qr import qr_svg


def test_a_code_is_a_square_svg_with_its_quiet_zone() -> None:
    root = ET.fromstring(qr_svg("https://motcua.example/verify?number=12"))  # noqa: S314 - our own text
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("width") == root.get("height")
    assert qr_svg("a") != qr_svg("b")


def test_vietnamese_text_fits() -> None:
    assert qr_svg("Giấy phép xây dựng số 12/GPXD")


@pytest.mark.parametrize("text", ["", "x" * 3000])
def test_what_no_code_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"needs a text|does not fit|Data too large"):
        qr_svg(text)
