"""Every slip of the one-stop, printed by the dossier service, before the judges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from motcua_dossier.adapters.slip_printer import TypstSlipPrinter
from motcua_dossier.application.ports import Officer
from motcua_dossier.application.slips import TITLES, compose
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.papers import Papers
from motcua_dossier.domain.parts import Charge, Component, ComponentState, Supplement, SupplementItem
from motcua_dossier.domain.term import Term
from motcua_kit.documents.sample_key import write_sample_key
from motcua_kit.documents.sign import FileKey, PadesSigner

pytestmark = pytest.mark.pdf_tools

SLIPS = Path(__file__).parents[2] / "city" / "slips"
TIME = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LAW = LegalReference("NĐ 217/2026/NĐ-CP", "Điều 54")


@pytest.fixture(scope="module")
def dossier() -> Dossier:
    components = [
        Component("drawings", "Bản vẽ thiết kế xây dựng", required=True, state=ComponentState.PROVIDED),
        Component("land", "Giấy chứng nhận quyền sử dụng đất", required=True, state=ComponentState.REUSED),
    ]
    return Dossier(
        id="d" * 32,
        code="H29.26740-261123-0001",
        procedure="procedures/1.013225",
        procedure_title="Cấp giấy phép xây dựng nhà ở riêng lẻ",
        unit="units/26740",
        unit_title="Phường Sài Gòn",
        agency_code="H29.26740",
        applicant="accounts/an",
        applicant_name="Nguyễn Thị Ngọc Ánh",
        queue_time=TIME,
        form={"applicant": {"address": "12 đường Lê Lợi", "phone": "0900000000", "email": "anh@motcua.example"}},
        papers=Papers(components),
        charges=[Charge("fee", "Lệ phí cấp giấy phép xây dựng", 75_000, paid=True)],
        supplement=Supplement(
            id="s1",
            items=[SupplementItem("drawings", "Thiếu mặt cắt móng, chưa ghi cốt nền", LAW)],
            requester="officers/1",
            request_time=TIME,
            working_days=20,
            answer_by=TIME + timedelta(days=28),
        ),
        term=Term(TIME, 7, TIME + timedelta(days=9)),
        end_reason="Hồ sơ không thuộc thẩm quyền giải quyết của phường",
        end_legal_reference=LAW,
    )


@pytest.fixture(scope="module")
def slips(dossier: Dossier, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    key = write_sample_key(tmp_path_factory.mktemp("key"), common_name="UBND", organisation="UBND", time=TIME)
    printer = TypstSlipPrinter(SLIPS, lambda: PadesSigner(FileKey(*key)))
    data = {"due_time": "2026-12-02T10:00:00Z", "answer_by": "2026-12-21T16:59:00Z"}  # as events carry times
    officer = Officer("Trần Văn Bình", "Chuyên viên")
    return {f"slip_{form}": printer.print(compose(dossier, form, data, TIME, officer), TIME) for form in sorted(TITLES)}


def test_every_slip_conforms_to_pdf_a_2a_and_pdf_ua_1(
    slips: dict[str, bytes], verapdf: Callable[..., list[str]]
) -> None:
    assert verapdf(**slips) == [f"PASS {name}.pdf {flavour}" for flavour in ("2a", "ua1") for name in slips]


def test_every_slip_is_signed_over_the_whole_file(slips: dict[str, bytes], pdfsig: Callable[[bytes], str]) -> None:
    for name, pdf in slips.items():
        verdict = pdfsig(pdf)
        assert "Signature is Valid" in verdict, name
        assert "Total document signed" in verdict, name


def test_people_read_times_of_the_city(slips: dict[str, bytes], pdf_text: Callable[[bytes], str]) -> None:
    assert "17 giờ 00 phút, ngày 02/12/2026" in pdf_text(slips["slip_01"])
    assert "23 giờ 59 phút, ngày 21/12/2026" in pdf_text(slips["slip_02"])
