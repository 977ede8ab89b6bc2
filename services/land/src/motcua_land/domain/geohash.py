"""Geohash: a short name for a small cell of the globe."""

from __future__ import annotations

from typing import NamedTuple

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"


class Cell(NamedTuple):
    """The cell that a geohash names, in degrees."""

    south: float
    west: float
    north: float
    east: float


def encode(latitude: float, longitude: float, length: int = 12) -> str:
    """Return the geohash of a point: bits halve longitude and latitude in turn, five bits a character."""
    south, north, west, east = -90.0, 90.0, -180.0, 180.0
    value = 0
    for bit in range(5 * length):
        value <<= 1
        if bit % 2 == 0:
            middle = (west + east) / 2
            west, east, value = (middle, east, value + 1) if longitude >= middle else (west, middle, value)
        else:
            middle = (south + north) / 2
            south, north, value = (middle, north, value + 1) if latitude >= middle else (south, middle, value)
    return "".join(ALPHABET[(value >> 5 * place) & 31] for place in reversed(range(length)))


def decode(code: str) -> Cell:
    """Return the cell of a geohash.

    Raises:
        ValueError: a character is not of the alphabet.
    """
    south, north, west, east = -90.0, 90.0, -180.0, 180.0
    bits = (bit for character in code for bit in f"{ALPHABET.index(character):05b}")
    for position, bit in enumerate(bits):
        if position % 2 == 0:
            middle = (west + east) / 2
            west, east = (middle, east) if bit == "1" else (west, middle)
        else:
            middle = (south + north) / 2
            south, north = (middle, north) if bit == "1" else (south, middle)
    return Cell(south, west, north, east)
