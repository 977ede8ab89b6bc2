import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.domain import ValidationFailed
from motcua_land.domain.certificate import certificate_id, normal_register_number, normal_serial

letters = st.text("ABCDEĐGHKLMNPQRSTUVXY", min_size=1, max_size=2)
digits = st.text("0123456789", min_size=6, max_size=8)


@given(letters, digits, st.sampled_from(["", " ", "  ", "\u00a0"]), st.booleans())
def test_any_spelling_of_a_serial_is_the_same_serial(first: str, number: str, blank: str, small: bool) -> None:  # noqa: FBT001 - Hypothesis
    typed = f" {first.lower() if small else first}{blank}{number} "
    assert normal_serial(typed) == f"{first} {number}"


@given(letters, digits, letters, digits)
def test_different_serials_have_different_ids(first: str, number: str, other: str, more: str) -> None:
    same = (first, number) == (other, more)
    assert (certificate_id(first + number) == certificate_id(other + more)) is same


@pytest.mark.parametrize(
    ("serial", "identity"),
    [("AA 00012345", "aa00012345"), ("Đ 0123456", "d-0123456"), ("DĐ 012345", "dd-012345"), ("ĐD 012345", "d-d012345")],
)
def test_ids_are_ascii(serial: str, identity: str) -> None:
    assert certificate_id(serial) == identity


@pytest.mark.parametrize("text", ["", "AA", "12345678", "AAA 123456", "AA 12345", "AA 123456789", "AA-123456"])
def test_what_is_no_serial_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        certificate_id(text)
    assert error.value.reason == "CERTIFICATE_SERIAL_INVALID"
    assert error.value.metadata == {"serial": text}


@pytest.mark.parametrize(("text", "number"), [("CS 01.234", "CS01234"), ("VP00012", "VP00012"), ("H.02 5", "H025")])
def test_only_dots_and_blanks_leave_a_register_number(text: str, number: str) -> None:
    assert normal_register_number(text) == number
