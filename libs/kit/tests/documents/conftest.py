"""What the tests of documents are made from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from motcua_kit.documents.qr import qr_svg
from motcua_kit.documents.render import render
from motcua_kit.documents.sample_key import SampleKey, write_sample_key
from motcua_kit.documents.sign import FileKey, PadesSigner

TIME = datetime(2026, 11, 23, 1, 5, tzinfo=UTC)
SAMPLE = Path(__file__).parent / "sample.typ"


@pytest.fixture(scope="session")
def sample_data() -> dict[str, Any]:
    return {
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
        "components": [{"name": f"Bản vẽ số {number}", "count": 1} for number in range(1, 41)],
        "qr": qr_svg("https://motcua.example/verify?number=12"),
        "signer": "Trần Văn Bình",
    }


@pytest.fixture(scope="session")
def sample_pdf(sample_data: dict[str, Any]) -> bytes:
    return render(SAMPLE, sample_data, time=TIME)


@pytest.fixture(scope="session")
def sample_key(tmp_path_factory: pytest.TempPathFactory) -> SampleKey:
    folder = tmp_path_factory.mktemp("key")
    return write_sample_key(folder, common_name="Trần Văn Bình", organisation="UBND phường Sài Gòn", time=TIME)


@pytest.fixture(scope="session")
def signer(sample_key: SampleKey) -> PadesSigner:
    return PadesSigner(FileKey(*sample_key))
