"""Rendered and signed documents before judges that are not ours: poppler's `pdfsig` and veraPDF."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from motcua_devstack.demo.walk import Walk
from motcua_kit.documents.qr import qr_svg
from motcua_kit.documents.render import render
from motcua_kit.documents.sample_key import write_sample_key
from motcua_kit.documents.sign import FileKey, PadesSigner

pytestmark = pytest.mark.pdf_tools

TEMPLATE = Path(__file__).parents[2] / "libs" / "kit" / "tests" / "documents" / "sample.typ"
TIME = datetime(2026, 11, 23, 1, 5, tzinfo=UTC)


def rendered(components: int) -> bytes:
    data: dict[str, Any] = {
        "agency": "Ủy ban nhân dân phường Sài Gòn",
        "parent_agency": "Thành phố Hồ Chí Minh",
        "code": "H29.1-261123-0001",
        "number": "12/GTN-UBND",
        "date": date(2026, 11, 23),
        "full_name": "Nguyễn Thị Ngọc Ánh",
        "address": "12 đường Lê Lợi",
        "received": TIME,
        "fee": 150000,
        "area": "1234.5",
        "components": [{"name": f"Bản vẽ số {number}", "count": 1} for number in range(1, components + 1)],
        "qr": qr_svg("https://motcua.example/verify?number=12"),
        "signer": "Trần Văn Bình",
    }
    return render(TEMPLATE, data, time=TIME)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> PadesSigner:
    folder = tmp_path_factory.mktemp("key")
    return PadesSigner(
        FileKey(*write_sample_key(folder, common_name="Trần Văn Bình", organisation="UBND phường", time=TIME))
    )


def signed(signer: PadesSigner, pdf: bytes) -> bytes:
    return signer.sign(pdf, reason="Giấy tiếp nhận hồ sơ", location="Thành phố Hồ Chí Minh", time=TIME)


def test_documents_conform_to_pdf_a_2a_and_pdf_ua_1_before_and_after_signing(
    signer: PadesSigner, verapdf: Callable[..., list[str]]
) -> None:
    short, long = rendered(1), rendered(60)
    verdicts = verapdf(short=short, short_signed=signed(signer, short), long=long, long_signed=signed(signer, long))
    names = ("short", "short_signed", "long", "long_signed")
    assert verdicts == [f"PASS {name}.pdf {flavour}" for flavour in ("2a", "ua1") for name in names]


def test_the_judge_sees_a_missing_line_end_before_the_signature(
    signer: PadesSigner, verapdf: Callable[..., list[str]]
) -> None:
    verdicts = verapdf(joined=signed(signer, rendered(1).removesuffix(b"\n")))
    assert verdicts == ["FAIL joined.pdf 2a", "  FAIL 6.1.9-1", "PASS joined.pdf ua1"]


def test_the_signature_is_valid_pades_over_the_whole_file(signer: PadesSigner, pdfsig: Callable[[bytes], str]) -> None:
    verdict = pdfsig(signed(signer, rendered(1)))
    for line in (
        "Signer Certificate Common Name: Trần Văn Bình",
        "Signature Type: ETSI.CAdES.detached",
        "Signing Hash Algorithm: SHA-256",
        "Total document signed",
        "Signature Validation: Signature is Valid.",
    ):
        assert line in verdict, verdict
    assert verdict.count("Signature #") == 1


def test_the_judge_sees_an_altered_document(signer: PadesSigner, pdfsig: Callable[[bytes], str]) -> None:
    altered = bytearray(signed(signer, rendered(1)))
    altered[altered.index(b"stream\n") + 50] ^= 1
    verdict = pdfsig(bytes(altered))
    assert "Signature is Valid" not in verdict
    assert "Signature Validation: Digest Mismatch." in verdict


def test_the_judge_sees_what_was_added_later(signer: PadesSigner, pdfsig: Callable[[bytes], str]) -> None:
    assert "Not total document signed" in pdfsig(signed(signer, rendered(1)) + b"\n% more\n")


def test_what_the_main_job_issues_stands_up_to_both_judges(
    walk: Walk, pdfsig: Callable[[bytes], str], verapdf: Callable[..., list[str]]
) -> None:
    issued = {"permit": walk.permit_pdf, **{f"slip_{form}": file for form, file in walk.slips.items()}}
    assert {"permit", "slip_01", "slip_02"} <= issued.keys()
    pdfs = {name: file.read_bytes() for name, file in issued.items()}
    for name, pdf in pdfs.items():
        verdict = pdfsig(pdf)
        assert "Signature is Valid" in verdict, name
        assert "Total document signed" in verdict, name
    assert verapdf(**pdfs) == [f"PASS {name}.pdf {flavour}" for flavour in ("2a", "ua1") for name in pdfs]
