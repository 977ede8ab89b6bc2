"""What the tests of the dossier service share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from motcua_dossier.domain.calendar import CityCalendar, Override
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.parts import HeldPaper, Inspection, NewUpload, Result
from motcua_dossier.domain.procedure import Procedure
from motcua_kit.data import load

CITY = Path(__file__).resolve().parents[3] / "city"

HOUSE: dict[str, Any] = {
    "applicant": {
        "full_name": "NGUYỄN THỊ AN",
        "citizen_id": "079190012345",
        "address": "12/3 Nguyễn Trãi, Phường Sài Gòn, Thành phố Hồ Chí Minh",
        "phone": "+84901234567",
        "email": "an@example.vn",
    },
    "request": {"kind": "NEW"},
    "land": {"parcel": "parcels/w3gvk1d8zzzz", "certificate_serial": "AA 00123456"},
    "works": {
        "work_name": "Nhà ở riêng lẻ",
        "site_address": "12/3 Nguyễn Trãi, Phường Sài Gòn",
        "lot_area_m2": 100.5,
        "built_area_m2": 80,
        "total_floor_area_m2": 240,
        "storeys": 3,
        "basements": 0,
        "has_mezzanine": False,
        "has_attic": False,
        "has_technical_storey": False,
        "has_stair_housing": True,
        "height_m": 13.5,
        "front_setback_m": 0,
        "design_unit": "Công ty TNHH Thiết kế Bến Nghé",
    },
    "neighbours": {"party_wall": False},
}

DRAWINGS = ("site_plan", "architecture_drawings", "foundation_drawings")
CERTIFICATE = HeldPaper("land_paper", "certificates/aa00123456")


@pytest.fixture(scope="session")
def city() -> Path:
    return CITY


@pytest.fixture(scope="session")
def procedures() -> dict[str, Procedure]:
    return {procedure.code: procedure for procedure in load(CITY / "procedures", Procedure)}


@pytest.fixture
def house(procedures: dict[str, Procedure]) -> Procedure:
    return procedures["1.013225"]


@pytest.fixture
def calendar() -> CityCalendar:
    return CityCalendar(id="hcmc", overrides=load_overrides())


def load_overrides() -> list[Override]:
    from motcua_dossier.adapters.city import load_overrides as load_file  # noqa: PLC0415 - the domain needs none of it

    return load_file(CITY / "calendar" / "overrides.yaml")


@pytest.fixture
def house_form() -> dict[str, Any]:
    return HOUSE


@pytest.fixture
def now() -> datetime:
    """Monday 23 November 2026, 9:00 in the City; the day after is a holiday."""
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def draft(house: Procedure, now: datetime) -> Callable[[], Dossier]:
    """A complete draft: form filled in, land paper reused, drawings checked."""

    def make() -> Dossier:
        return complete_draft(house, now)

    return make


def complete_draft(procedure: Procedure, now: datetime) -> Dossier:
    dossier = Dossier(
        id="d" * 32,
        procedure=procedure.name,
        procedure_title=procedure.title.vi,
        unit="units/26740",
        unit_title="Phường Sài Gòn",
        agency_code="H29.26740",
        applicant="accounts/" + "a" * 32,
        applicant_name="NGUYỄN THỊ AN",
        queue_time=now,
        form=HOUSE,
    )
    dossier.draft(procedure, [CERTIFICATE])
    for number, component in enumerate(DRAWINGS):
        upload(dossier, procedure, f"{number}" * 32, component, now)
    return dossier


def upload(dossier: Dossier, procedure: Procedure, upload_id: str, component: str, now: datetime) -> None:
    dossier.prepare_upload(
        procedure, NewUpload(upload_id, component, f"{component}.pdf", "application/pdf", 1000, "0" * 64), now
    )
    dossier.finalize_upload(upload_id)
    dossier.settle_upload(upload_id, Inspection(None), now)


def attach_result(dossier: Dossier, now: datetime) -> None:
    upload_id = "e" * 32
    dossier.prepare_result(NewUpload(upload_id, "result", "permit.pdf", "application/pdf", 1000, "0" * 64), now)
    dossier.settle_upload(upload_id, Inspection(None), now)
    dossier.attach_result(
        upload_id, Result("building_permit", "Giấy phép xây dựng", "01/GPXD", "documents/" + "f" * 32)
    )


@pytest.fixture
def provide() -> Callable[..., None]:
    """Upload a file of a component and let its check succeed."""
    return upload


@pytest.fixture
def attach() -> Callable[[Dossier, datetime], None]:
    """Attach a checked result."""
    return attach_result
