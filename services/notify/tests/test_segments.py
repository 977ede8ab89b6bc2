import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_notify.domain.segments import GSM7_BASIC, GSM7_EXTENSION, PART, SINGLE, SmsEncoding, count_segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", SmsEncoding.GSM7, 0, 0),
        ("a" * 160, SmsEncoding.GSM7, 160, 1),
        ("a" * 161, SmsEncoding.GSM7, 161, 2),
        ("a" * 306, SmsEncoding.GSM7, 306, 2),
        ("a" * 307, SmsEncoding.GSM7, 307, 3),
        ("€" * 80, SmsEncoding.GSM7, 160, 1),
        ("a" * 159 + "€", SmsEncoding.GSM7, 161, 2),
        # 153 septets a part: the escape of the 77th euro would be the last septet, so 76 fit and one stays empty.
        ("€" * 153, SmsEncoding.GSM7, 306, 3),
        ("ế" * 70, SmsEncoding.UCS2, 70, 1),
        ("ế" * 71, SmsEncoding.UCS2, 71, 2),
        ("ế" * 134, SmsEncoding.UCS2, 134, 2),
        ("ế" * 135, SmsEncoding.UCS2, 135, 3),
        ("à" * 160, SmsEncoding.GSM7, 160, 1),  # grave a is in the GSM alphabet, most Vietnamese letters are not
        ("ạ" + "a" * 70, SmsEncoding.UCS2, 71, 2),
        ("😀" * 35, SmsEncoding.UCS2, 70, 1),
        ("a" * 66 + "😀" + "a" * 66, SmsEncoding.UCS2, 134, 3),  # the pair does not fit the last unit of part one
        ("e\u0302\u0301" * 70, SmsEncoding.UCS2, 70, 1),  # decomposed ế is composed first
        ("`", SmsEncoding.UCS2, 1, 1),
        ("[x]", SmsEncoding.GSM7, 5, 1),
    ],
)
def test_vectors(text: str, encoding: SmsEncoding, units: int, count: int) -> None:
    found = count_segments(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)


def test_the_alphabet_has_all_127_characters_and_ten_more_by_escape() -> None:
    assert len(GSM7_BASIC) == 127  # 128 positions less the escape
    assert len(GSM7_EXTENSION) == 10
    assert not GSM7_BASIC & GSM7_EXTENSION


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=600))
def test_segments_hold_the_units_and_waste_at_most_one_each(text: str) -> None:
    found = count_segments(text)
    if found.units <= SINGLE[found.encoding]:
        assert found.count == (1 if text else 0)
    else:
        part = PART[found.encoding]
        assert math.ceil(found.units / part) <= found.count <= math.ceil(found.units / (part - 1))


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_longer_text_never_takes_fewer_segments(head: str, tail: str) -> None:
    assert count_segments(head + " " + tail).count >= count_segments(head).count
