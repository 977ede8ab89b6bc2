"""The City's data about building permits, read from its folder."""

from __future__ import annotations

from pathlib import Path

from motcua_kit.data import DataError, load
from motcua_permits.domain.bylaws import BuildingClass, Rule
from motcua_permits.domain.catalogue import Catalogue, ConditionRecord, LegalBasis, Numbering, PermitProcedure

RULE_FILES = ("qcvn-01-2021.yaml", "hcmc-townhouse.yaml", "construction-law.yaml")


def load_catalogue(city: Path) -> Catalogue:
    """Read `bylaws/` and `permits/` of a city's folder.

    Raises:
        DataError: a file does not have the shape its records need, or the rules contradict each other.
    """
    bylaws, permits = city / "bylaws", city / "permits"
    catalogue = Catalogue(
        rules=tuple(rule for file in RULE_FILES for rule in load(bylaws / file, Rule)),
        classes=tuple(load(bylaws / "building-classes.yaml", BuildingClass)),
        conditions=tuple(load(bylaws / "conditions.yaml", ConditionRecord)),
        procedures=tuple(load(permits / "procedures.yaml", PermitProcedure)),
        numberings=tuple(load(permits / "numbering.yaml", Numbering)),
        legal_basis=tuple(load(permits / "legal_basis.yaml", LegalBasis)),
    )
    if problems := catalogue.problems():
        message = f"{bylaws}: {'; '.join(problems)}"
        raise DataError(message)
    return catalogue
