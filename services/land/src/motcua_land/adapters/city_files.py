"""The City's facts about land, from `city/parcels`."""

from __future__ import annotations

from pathlib import Path

from motcua_kit.data import load
from motcua_land.domain.certificate import CertificateFormRule
from motcua_land.domain.land_use import AreaTolerance, LandUseCatalogue, LandUseCode, OriginCode
from motcua_land.domain.planning import Zone
from motcua_land.domain.register_check import Rules


def land_uses(folder: Path) -> LandUseCatalogue:
    """Return the land-use catalogue.

    Raises:
        DataError: the file is not of the shape it needs.
    """
    return LandUseCatalogue(load(folder / "land_use_codes.yaml", LandUseCode))


def zones(folder: Path) -> list[Zone]:
    """Return the planning zones.

    Raises:
        DataError: the file is not of the shape it needs.
    """
    return load(folder / "zones.yaml", Zone)


def area_tolerance(folder: Path) -> AreaTolerance:
    """Return the rule for areas in force.

    Raises:
        DataError: the file is not of the shape it needs.
    """
    (rule,) = (rule for rule in load(folder / "area_tolerance.yaml", AreaTolerance) if rule.valid_to is None)
    return rule


def rules(folder: Path) -> Rules:
    """Return everything that a register is checked against.

    Raises:
        DataError: a file is not of the shape it needs.
    """
    return Rules(
        land_uses=land_uses(folder),
        origins=load(folder / "origin_codes.yaml", OriginCode),
        forms=load(folder / "certificate_forms.yaml", CertificateFormRule),
        tolerance=area_tolerance(folder),
        zones=zones(folder),
    )
