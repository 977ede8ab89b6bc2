"""Samples of what the law is applied to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.bylaws import Finding, FindingOutcome
from motcua_permits.domain.facts import HouseProposal, SiteFacts
from motcua_permits.domain.review import Condition
from motcua_permits.domain.values import LegalReference, LocalizedText, PermitKind

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PROPOSAL = HouseProposal(
    work_name="Nhà ở riêng lẻ",
    site_address="12/3 đường Nguyễn Trãi",
    lot_area_m2=80.0,
    built_area_m2=64.0,
    total_floor_area_m2=230.0,
    storeys=4,
    height_m=16.5,
    front_setback_m=0.0,
    rear_setback_m=1.5,
    design_unit="Công ty Thiết kế Bình An",
    drawings=("Mặt bằng vị trí", "Mặt bằng các tầng", "Mặt đứng", "Mặt cắt"),
)
SITE = SiteFacts(
    read_time=NOW,
    lot_area_m2=80.0,
    land_uses=("ODT",),
    zone="HH-01",
    existing_urban_area=True,
    central_area=False,
    permit_area=True,
    commercial_axis=False,
    road_width_m=12.0,
    road_name="Nguyễn Trãi",
    lot_depth_m=15.0,
    lot_frontage_m=5.3,
    restricted=False,
    source="Đồ án quy hoạch phân khu",
    map_sheet="12",
    parcel_number="345",
)
CONDITIONS = tuple(
    Condition(code, LocalizedText(f"Điều kiện {code}"), LegalReference("NĐ 217/2026/NĐ-CP", "Điều 50–52", "sure"))
    for code in ("land_purpose", "planning")
)


def finding(outcome: FindingOutcome = FindingOutcome.INFO) -> Finding:
    return Finding(
        rule_id="qcvn01-2021.house-density",
        title=LocalizedText("Mật độ xây dựng"),
        law=LegalReference("QCVN 01:2021/BXD", "Bảng 2.8", "sure"),
        outcome=outcome,
        inputs=(),
        message=LocalizedText("Mật độ xây dựng: 95 % vượt mức tối đa 80 %"),
        valid_from=date(2021, 7, 5),
    )


@dataclass(frozen=True)
class Samples:
    """Values that tests share; test modules cannot import each other."""

    proposal: HouseProposal = PROPOSAL
    site: SiteFacts = SITE
    finding: Callable[..., Finding] = finding


@pytest.fixture(scope="session")
def samples() -> Samples:
    return Samples()


@pytest.fixture
def proposal() -> HouseProposal:
    return PROPOSAL


@pytest.fixture
def site() -> SiteFacts:
    return SITE


@pytest.fixture
def make_application(names: Any) -> Callable[..., PermitApplication]:
    """Make an application that a handler may work on; fields by keyword."""

    def make(*, checked: bool = True, findings: tuple[Finding, ...] = (), **fields: Any) -> PermitApplication:
        values: dict[str, Any] = {
            "id": "a" * 32,
            "dossier": f"dossiers/{'d' * 32}",
            "dossier_code": "H29.26740-261123-0001",
            "procedure": "procedures/1.013225",
            "procedure_version": "2026-07-01",
            "kind": PermitKind.NEW,
            "unit": names.ward,
            "applicant": names.account,
            "receiver": names.receiver,
            "parcel": names.parcel,
            "due_time": NOW + timedelta(days=9),
            "rules_date": date(2026, 11, 23),
            "rule_set": "sha256:0",
            "proposal": PROPOSAL,
            "checklist": CONDITIONS,
        }
        application = PermitApplication(**{**values, **fields})
        if checked:
            application.take_checks(findings or (finding(),), SITE, "III", now=NOW)
        return application

    return make
