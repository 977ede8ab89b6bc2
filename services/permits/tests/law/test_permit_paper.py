"""The printed permit, read with tools that are not ours."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from motcua_kit.documents.sign import FileKey, PadesSigner
from motcua_permits.adapters.city import load_catalogue
from motcua_permits.adapters.press import TypstPress, place_name, signing_position
from motcua_permits.application.ports import Investor, Signatory
from motcua_permits.domain.permit import Permit, PermitState, PermittedWork
from motcua_permits.domain.values import PermitKind

CITY = Path(__file__).resolve().parents[4] / "city"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LONG_NAME = "Nguyễn Hoàng Phương Khánh Uyên Trâm Anh và chồng là Trần Đặng Quốc Thái Thịnh Vượng"


@pytest.fixture
def paper(samples: Any, make_application: Any, signing_files: dict[str, Path], tmp_path: Path) -> Any:
    """Print a permit for an investor; returns the file."""
    key = FileKey(
        signing_files["signing_key_file"],
        signing_files["signing_certificate_file"],
        signing_files["signing_chain_file"],
    )

    def make(investor: Investor) -> Path:
        permit = Permit(
            id="a" * 32,
            number="0123/2026/GPXD",
            sequence=123,
            year=2026,
            unit="units/26740",
            kind=PermitKind.NEW,
            application=f"permitApplications/{'a' * 32}",
            dossier=f"dossiers/{'d' * 32}",
            holder=f"accounts/{'c' * 32}",
            parcel="parcels/w3gvk1m2n3p4",
            work=PermittedWork.of(samples.proposal, samples.site, "III"),
            signer=f"officers/{'3' * 32}",
            issue_date=date(2026, 11, 23),
            start_before_date=date(2027, 11, 23),
            verification_code="ABCD2345EFGH6789",
            unit_display_name="Phường Sài Gòn",
            state=PermitState.NUMBERED,
        )
        press = TypstPress(
            CITY / "permits/permit.typ",
            load_catalogue(CITY),
            lambda: PadesSigner(key),
            "https://motcua.test/verify",
        )
        file = tmp_path / "permit.pdf"
        file.write_bytes(
            press.print(
                permit,
                investor,
                Signatory("Trần Quốc Khánh", "Phó Chủ tịch"),
                application=make_application(),
                time=NOW,
            )
        )
        return file

    return make


INVESTOR = Investor("Nguyễn Thị Bích Ngọc", "5 đường Lê Lợi, Phường Bến Thành")


def test_the_paper_is_tagged_titled_and_archivable(paper: Any) -> None:
    with pikepdf.open(paper(INVESTOR)) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "vi"
        with pdf.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "2"
            assert metadata["pdfaid:conformance"] == "A"
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"] == "Giấy phép xây dựng số 0123/2026/GPXD"
        assert len(pdf.pages) == 2


def run(tool: str, *arguments: str) -> str:
    path = shutil.which(tool)
    assert path, f"{tool} is missing; install poppler-utils"
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=True).stdout  # noqa: S603


@pytest.mark.pdf_tools
def test_the_paper_says_what_article_49_asks(paper: Any) -> None:
    text = " ".join(run("pdftotext", "-layout", str(paper(INVESTOR)), "-").split())
    for said in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "PHƯỜNG SÀI GÒN",
        "Số: 0123/2026/GPXD",
        "Sài Gòn, ngày 23 tháng 11 năm 2026",
        "Mẫu số 03",
        "GIẤY PHÉP XÂY DỰNG",
        "NGUYỄN THỊ BÍCH NGỌC",
        "5 đường Lê Lợi",
        "nhà ở riêng lẻ, cấp III",
        "Thửa đất số 345, tờ bản đồ số 12",
        "Mật độ xây dựng: 80%; hệ số sử dụng đất: 2,88 lần",
        "Nguyễn Trãi, lộ giới 12 m",
        "Trùng với chỉ giới đường đỏ",
        "tổng diện tích sàn: 230 m²",
        "Chiều cao công trình: 16,5 m; số tầng: 4 tầng",
        "Mặt bằng vị trí; Mặt bằng các tầng",
        "Công ty Thiết kế Bình An",
        "đến hết ngày 23 tháng 11 năm 2027",
        "TM. ỦY BAN NHÂN DÂN",
        "KT. CHỦ TỊCH",
        "PHÓ CHỦ TỊCH",
        "Trần Quốc Khánh",
        "mã tra cứu ABCD-2345-EFGH-6789",
        "Luật Xây dựng số 135/2025/QH15",
    ):
        assert said in text


@pytest.mark.pdf_tools
def test_pdfsig_finds_the_signature_good_over_the_whole_file(paper: Any) -> None:
    found = run("pdfsig", "-nocert", str(paper(INVESTOR)))
    assert "Signature is Valid" in found
    assert "Total document signed" in found
    assert "ETSI.CAdES.detached" in found


def test_markup_in_a_name_is_printed_and_not_obeyed(paper: Any) -> None:
    with pikepdf.open(paper(Investor("#panic[x] *A* $y$", LONG_NAME * 3))) as pdf:
        assert len(pdf.pages) in {2, 3}


@pytest.mark.parametrize(
    ("title", "position"), [("Chủ tịch", "Chủ tịch"), ("Phó Chủ tịch", "KT. Chủ tịch\nPhó Chủ tịch")]
)
def test_a_deputy_signs_for_the_head(title: str, position: str) -> None:
    assert signing_position(title) == position


@pytest.mark.parametrize(
    ("unit", "place"),
    [
        ("Phường Sài Gòn", "Sài Gòn"),
        ("Xã Cần Giờ", "Cần Giờ"),
        ("Đặc khu Côn Đảo", "Côn Đảo"),
        ("Sở Xây dựng", "Sở Xây dựng"),
    ],
)
def test_the_place_is_the_units_name_without_its_type(unit: str, place: str) -> None:
    assert place_name(unit) == place
