"""The units of the City from `city/units`: administrative units as a table, agencies as records."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from motcua_identity.domain.unit import Point, Unit, UnitDirectory, UnitType
from motcua_kit.data import DataError, load


@dataclass(frozen=True, slots=True)
class Source:
    """Where a set of units comes from.

    Attributes:
        id: as the table refers to it.
        source: law text or data set.
        article: clause in it.
        confidence: `sure`, `likely`, `check` or `own`.
        note: what to know about it.
    """

    id: str
    source: str
    article: str
    confidence: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency of the City as its file states it."""

    code: str
    name: str
    parent: str
    agency_code: str
    agency_code_confidence: str
    source: str
    article: str
    confidence: str
    valid_from: date
    valid_to: date | None = None


def load_units(folder: Path) -> UnitDirectory:
    """Read all units.

    Args:
        folder: `city/units`.

    Raises:
        DataError: a row cannot be read, or names a source that is not declared.
        ValueError: the units contradict each other.
    """
    sources = {source.id: source for source in load(folder / "sources.yaml", Source)}
    with (folder / "units.csv").open(encoding="utf-8", newline="") as file:
        units = [_unit(row, number, sources) for number, row in enumerate(csv.DictReader(file), start=2)]
    return UnitDirectory([*units, *map(_agency, load(folder / "agencies.yaml", Agency))])


def _unit(row: dict[str, str], line: int, sources: Mapping[str, Source]) -> Unit:
    try:
        _ = sources[row["source"]]
        return Unit(
            code=row["code"],
            display_name=row["name"],
            type=UnitType[row["type"]],
            parent=row["parent"],
            agency_code=row["agency_code"],
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            successors=tuple(row["successors"].split()),
            centroid=Point(float(row["latitude"]), float(row["longitude"])) if row["latitude"] else None,
            area_km2=float(row["area_km2"] or 0),
        )
    except (KeyError, ValueError) as error:
        message = f"units.csv, line {line}: {error}"
        raise DataError(message) from error


def _agency(agency: Agency) -> Unit:
    return Unit(
        code=agency.code,
        display_name=agency.name,
        type=UnitType.AGENCY,
        parent=agency.parent,
        agency_code=agency.agency_code,
        valid_from=agency.valid_from,
        valid_to=agency.valid_to,
    )
