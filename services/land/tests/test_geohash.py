import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_land.domain.geohash import ALPHABET, decode, encode

latitudes = st.floats(-90, 90, exclude_max=True)
longitudes = st.floats(-180, 180, exclude_max=True)


@pytest.mark.parametrize(
    ("latitude", "longitude", "code"),
    [(57.64911, 10.40744, "u4pruydqqvj"), (10.776909407, 106.700958955, "w3gvk1ck0998"), (0.0, 0.0, "s0000")],
)
def test_known_codes(latitude: float, longitude: float, code: str) -> None:
    assert encode(latitude, longitude, len(code)) == code


@given(latitudes, longitudes, st.integers(1, 12))
def test_a_point_lies_in_the_cell_of_its_code(latitude: float, longitude: float, length: int) -> None:
    code = encode(latitude, longitude, length)
    cell = decode(code)
    assert len(code) == length
    assert set(code) <= set(ALPHABET)
    assert cell.south <= latitude < cell.north
    assert cell.west <= longitude < cell.east


@given(latitudes, longitudes, st.integers(1, 11))
def test_a_shorter_code_is_the_start_of_a_longer_one(latitude: float, longitude: float, length: int) -> None:
    assert encode(latitude, longitude, 12).startswith(encode(latitude, longitude, length))


def test_letters_that_look_like_digits_are_not_used() -> None:
    for letter in "ailo":
        with pytest.raises(ValueError, match="substring not found"):
            decode(f"w3gv{letter}")
