"""A register as files, one folder a ward: parcels and roads as GeoJSON, certificates as JSON lines.

One record a line, so that a change shows as one. Coordinates are (easting, northing) of the system that the file names,
as geographic software wants them; X and Y of the papers are the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cattrs import transform_error
from cattrs.errors import BaseValidationError
from cattrs.preconf.json import make_converter
from shapely.geometry import Polygon, mapping

from motcua_kit.data import DataError
from motcua_kit.domain import DomainError
from motcua_land.domain.boundary import Boundary
from motcua_land.domain.certificate import Certificate
from motcua_land.domain.crs import HCMC
from motcua_land.domain.parcel import Parcel
from motcua_land.domain.planning import Road

PARCELS, ROADS, CERTIFICATES = "parcels.geojson", "roads.geojson", "certificates.jsonl"

DERIVED = ("boundary", "cells", "users", "version", "create_time", "update_time")
"""Fields of a parcel that are not among its properties: drawn, computed, or made by the store."""

Record = TypeVar("Record")

_converter = make_converter(omit_if_default=True, forbid_extra_keys=True)


@dataclass(frozen=True)
class Register:
    """The register of some wards, as read from files."""

    parcels: Sequence[Parcel]
    certificates: Sequence[Certificate]
    roads: Sequence[Road]


def read_register(folder: Path) -> Register:
    """Read all ward folders.

    Raises:
        DataError: a file is missing or not of the shape it needs; the text names file, record and field.
    """
    wards = sorted(path for path in folder.iterdir() if (path / PARCELS).exists())
    return Register(
        parcels=[parcel for ward in wards for parcel in _parcels(ward / PARCELS)],
        certificates=[certificate for ward in wards for certificate in _certificates(ward / CERTIFICATES)],
        roads=read_roads(folder),
    )


def read_roads(folder: Path) -> list[Road]:
    """Read the roads of all ward folders.

    Raises:
        DataError: a file is not of the shape it needs.
    """
    return [
        _structure(feature["properties"], Road, f"{file}, road {number}")
        for file in sorted(folder.glob(f"*/{ROADS}"))
        for number, feature in enumerate(_features(file), start=1)
    ]


def write_ward(
    folder: Path,
    parcels: Iterable[Parcel],
    certificates: Iterable[Certificate],
    roads: Iterable[tuple[Road, Polygon]],
) -> None:
    """Write the files of one ward."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_features(folder / PARCELS, (_parcel_feature(parcel) for parcel in parcels))
    _write_features(
        folder / ROADS,
        (
            {"type": "Feature", "properties": _converter.unstructure(road), "geometry": mapping(polygon)}
            for road, polygon in roads
        ),
    )
    lines = (_line(_converter.unstructure(certificate)) for certificate in certificates)
    (folder / CERTIFICATES).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _parcel_feature(parcel: Parcel) -> dict[str, Any]:
    properties = _converter.unstructure(parcel)
    for name in DERIVED:
        properties.pop(name, None)
    return {"type": "Feature", "properties": properties, "geometry": mapping(parcel.boundary.polygon())}


def _parcels(file: Path) -> Iterator[Parcel]:
    epsg = _epsg(file)
    for number, feature in enumerate(_features(file), start=1):
        place = f"{file}, parcel {number}"
        rings = feature["geometry"]["coordinates"]
        try:
            boundary = Boundary.of_polygon(epsg, Polygon(rings[0], rings[1:]))
        except DomainError as error:
            raise DataError(f"{place}: {error.message}") from error
        yield _structure({**feature["properties"], "boundary": _converter.unstructure(boundary)}, Parcel, place)


def _certificates(file: Path) -> Iterator[Certificate]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        yield _structure(json.loads(line), Certificate, f"{file}, line {number}")


def _structure(raw: Any, cls: type[Record], place: str) -> Record:
    try:
        return _converter.structure(raw, cls)
    except BaseValidationError as error:
        raise DataError(f"{place}: {'; '.join(transform_error(error))}") from error


def _features(file: Path) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["features"]
    return features


def _epsg(file: Path) -> int:
    name: str = json.loads(file.read_text(encoding="utf-8"))["crs"]["properties"]["name"]
    return int(name.rpartition(":")[2])


def _write_features(file: Path, features: Iterable[dict[str, Any]]) -> None:
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{HCMC}"}}
    lines = ",\n".join(_line(feature) for feature in features)
    file.write_text(f'{{"type":"FeatureCollection","crs":{_line(crs)},"features":[\n{lines}\n]}}\n', encoding="utf-8")


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
