"""What the household brings: the house it wants to build, as form and as drawings."""

from dataclasses import dataclass
from typing import Any

import typst

PROCEDURE = "1.013225"
"""Building permit for a single house, decided by the ward (cấp giấy phép xây dựng nhà ở riêng lẻ)."""

WARD = "units/26740"
CONSULTED_AGENCY = "units/so-quy-hoach-kien-truc"
PDF = "application/pdf"

HOUSE: dict[str, Any] = {
    "request": {"kind": "NEW"},
    "works": {
        "work_name": "Nhà ở riêng lẻ",
        "site_address": "12 Đường Hoa Sứ, Phường Sài Gòn, Thành phố Hồ Chí Minh",
        "built_area_m2": 80.0,
        "ground_floor_area_m2": 80.0,
        "total_floor_area_m2": 320.0,
        "storeys": 4,
        "basements": 0,
        "has_mezzanine": False,
        "has_attic": False,
        "has_technical_storey": False,
        "has_stair_housing": False,
        "height_m": 14.8,
        "building_line_height_m": 14.8,
        "front_setback_m": 2.4,
        "rear_setback_m": 2.0,
        "balcony_projection_m": 0.9,
        "ground_level_m": 2.1,
        "design_unit": "Công ty TNHH Kiến trúc Hoa Mai",
        "drawings": ["KT-01 Mặt bằng tổng thể", "KT-02 Mặt bằng các tầng", "KC-01 Móng"],
    },
    "neighbours": {"party_wall": True},
}
"""A house of four storeys on a lot of 5 m × 20 m that keeps every limit."""

PAPERS = {
    "site_plan": "Bản vẽ mặt bằng công trình trên lô đất",
    "architecture_drawings": "Bản vẽ kiến trúc: mặt bằng, mặt đứng, mặt cắt",
    "foundation_drawings": "Bản vẽ móng và đấu nối hạ tầng kỹ thuật",
    "neighbour_commitment": "Bản cam kết bảo đảm an toàn công trình liền kề",
}
"""Papers that the City does not hold, by the code of the component."""

COMMITMENT = "neighbour_commitment"
"""The paper that is added last."""


@dataclass(frozen=True)
class File:
    """A file on the applicant's computer."""

    name: str
    content: bytes
    media_type: str = PDF


PAPER_SOURCE = """
#set page(paper: "a4", flipped: true)
#set text(font: "Libertinus Serif", lang: "vi")
= #sys.inputs.title
Bản sửa đổi: #sys.inputs.revision
#rect(width: 50mm, height: 100mm)[5 m × 20 m]
"""


def paper(component: str, title: str, revision: str = "A") -> File:
    """A paper as PDF."""
    inputs = {"title": title, "revision": revision}
    content = typst.compile(PAPER_SOURCE.encode(), sys_inputs=inputs, ignore_system_fonts=True)
    return File(f"{component}-{revision}.pdf", bytes(content))


EICAR = File(
    "ban-ve.pdf",
    b"%PDF-1.4\n%" + rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*\n%%EOF\n",
)
"""The file that every malware scanner recognises and that harms nobody."""
