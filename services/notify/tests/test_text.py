import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_notify.domain.segments import SmsEncoding, count_segments
from motcua_notify.domain.text import fold, mask_email, mask_phone

LETTERS = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đường Nguyễn Trãi, phường Bến Thành", "Duong Nguyen Trai, phuong Ben Thanh"),
        ("hoà hòa thuỷ thủy", "hoa hoa thuy thuy"),
        ("Trung tâm – “một cửa”…", 'Trung tam - "mot cua"...'),
        ("H29.26740-261123-0001", "H29.26740-261123-0001"),
    ],
)
def test_vectors(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(alphabet=LETTERS + LETTERS.upper() + " .,:-0123456789"))
def test_folded_vietnamese_fits_the_gsm_alphabet_and_folding_twice_changes_nothing(text: str) -> None:
    for form in ("NFC", "NFD"):
        folded = fold(unicodedata.normalize(form, text))
        assert folded.isascii()
        assert count_segments(folded).encoding is SmsEncoding.GSM7
        assert fold(folded) == folded


def test_masked_addresses_show_only_their_ends() -> None:
    assert mask_phone("+84901234567") == "+84******567"
    assert mask_email("nguyen.van.an@example.vn") == "n***@example.vn"
