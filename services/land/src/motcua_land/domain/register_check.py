"""Checks of a register before it is loaded: what one record cannot see by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shapely import STRtree

from motcua_kit.domain import DomainError
from motcua_land.domain import geohash
from motcua_land.domain.boundary import Boundary
from motcua_land.domain.certificate import Certificate, CertificateFormRule
from motcua_land.domain.crs import GeoPoint, from_wgs84
from motcua_land.domain.land_use import AreaTolerance, LandUseCatalogue, OriginCode
from motcua_land.domain.parcel import Parcel
from motcua_land.domain.planning import Road, Zone
from motcua_land.domain.rights import RightKind

OVERLAP_M2 = 0.001
"""Area by which two parcels may overlap through rounding of coordinates, m²."""

SUM_M2 = 0.05
"""Difference between a legal area and the sum of its uses that rounding to 0.1 m² may leave, m²."""


@dataclass(frozen=True)
class Rules:
    """The City's facts that a register is checked against."""

    land_uses: LandUseCatalogue
    origins: Sequence[OriginCode]
    forms: Sequence[CertificateFormRule]
    tolerance: AreaTolerance
    zones: Sequence[Zone]


@dataclass(frozen=True)
class _Codes:
    """Codes that parcels may name."""

    roads: frozenset[str]
    zones: frozenset[str]
    origins: frozenset[str]


def register_problems(
    parcels: Sequence[Parcel], certificates: Sequence[Certificate], roads: Sequence[Road], rules: Rules
) -> list[str]:
    """Return everything that is wrong with a register, one sentence each; nothing when it may be loaded."""
    codes = _Codes(
        roads=frozenset(road.code for road in roads),
        zones=frozenset(zone.code for zone in rules.zones),
        origins=frozenset(origin.code for origin in rules.origins),
    )
    return [
        *_duplicates(parcels, certificates),
        *(problem for parcel in parcels for problem in _shape_problems(parcel, rules)),
        *(problem for parcel in parcels for problem in _code_problems(parcel, codes, rules)),
        *_overlaps(parcels),
        *(problem for certificate in certificates for problem in _form_problems(certificate, rules)),
        *_broken_links(parcels, certificates),
    ]


def _duplicates(parcels: Sequence[Parcel], certificates: Sequence[Certificate]) -> Iterator[str]:
    for what, values in (
        ("parcel code", [parcel.id for parcel in parcels]),
        ("cadastral key", [str(parcel.cadastral_key) for parcel in parcels]),
        ("certificate", [certificate.id for certificate in certificates]),
    ):
        yield from (f"{what} {value} is there {count} times" for value, count in Counter(values).items() if count > 1)


def _shape_problems(parcel: Parcel, rules: Rules) -> Iterator[str]:
    boundary = Boundary.of_polygon(parcel.boundary.epsg, parcel.boundary.polygon())
    if not _code_lies_inside(parcel):
        yield f"{parcel.name}: the code does not lie inside the boundary"
    if parcel.area.measured_m2 != boundary.area_m2:
        yield f"{parcel.name}: measured area is {parcel.area.measured_m2}, the boundary has {boundary.area_m2}"
    allowed = rules.tolerance.tolerance_m2(parcel.source.map_scale, parcel.area.measured_m2)
    if parcel.area.tolerance_m2 != allowed:
        yield f"{parcel.name}: tolerance is {parcel.area.tolerance_m2}, the rule gives {allowed}"
    whole = parcel.area.legal_m2 or parcel.area.measured_m2
    if abs(sum(use.area_m2 for use in parcel.land_uses) - whole) > SUM_M2:
        yield f"{parcel.name}: the uses do not add up to {whole} m²"


def _code_problems(parcel: Parcel, codes: _Codes, rules: Rules) -> Iterator[str]:
    for use in parcel.land_uses:
        try:
            rules.land_uses.get(use.code)
        except DomainError as error:
            yield f"{parcel.name}: {error.message}"
        if use.origin_code and use.origin_code not in codes.origins:
            yield f"{parcel.name}: {use.origin_code} is no origin of a right"
    if parcel.road and parcel.road not in codes.roads:
        yield f"{parcel.name}: there is no road {parcel.road}"
    if parcel.zone and parcel.zone not in codes.zones:
        yield f"{parcel.name}: there is no zone {parcel.zone}"


def _code_lies_inside(parcel: Parcel) -> bool:
    cell = geohash.decode(parcel.id)
    middle = GeoPoint((cell.south + cell.north) / 2, (cell.west + cell.east) / 2)
    return parcel.boundary.covers(from_wgs84(middle, parcel.boundary.epsg))


def _overlaps(parcels: Sequence[Parcel]) -> Iterator[str]:
    for epsg in sorted({parcel.boundary.epsg for parcel in parcels}):
        there = [parcel for parcel in parcels if parcel.boundary.epsg == epsg]
        polygons = [parcel.boundary.polygon() for parcel in there]
        left, right = STRtree(polygons).query(polygons, predicate="intersects")
        for one, other in zip(left.tolist(), right.tolist(), strict=True):
            if one < other and polygons[one].intersection(polygons[other]).area > OVERLAP_M2:
                yield f"{there[one].name} and {there[other].name} overlap"


def _form_problems(certificate: Certificate, rules: Rules) -> Iterator[str]:
    form = next((rule for rule in rules.forms if rule.form is certificate.form), None)
    if form is None or not form.matches(certificate.serial, certificate.issue_date):
        yield (
            f"{certificate.name}: a certificate signed on {certificate.issue_date:%Y-%m-%d} in the form"
            f" {certificate.form} has no serial {certificate.serial}"
        )


def _broken_links(parcels: Iterable[Parcel], certificates: Iterable[Certificate]) -> Iterator[str]:
    stated = {(line.parcel, certificate.name) for certificate in certificates for line in certificate.parcels}
    entered = {
        (parcel.name, right.certificate)
        for parcel in parcels
        for right in parcel.rights
        if right.kind is RightKind.USE and right.certificate
    }
    for parcel, certificate in sorted(stated ^ entered):
        side = "the certificate" if (parcel, certificate) in stated else "a right"
        yield f"{parcel}: only {side} says that {certificate} is about it"
