"""The made-up register: lots become parcels, with holders, certificates and encumbrances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

from shapely.geometry import Polygon

from motcua_land.domain.boundary import Boundary
from motcua_land.domain.certificate import Certificate, CertificateForm, CertificateParcel, certificate_id
from motcua_land.domain.crs import HCMC, GeoPoint
from motcua_land.domain.land_use import AreaTolerance, LandUse, ParcelArea
from motcua_land.domain.parcel import CadastralKey, Parcel, ParcelClass, RecordSource, parcel_code
from motcua_land.domain.planning import Road
from motcua_land.domain.rights import HolderKind, Restriction, Right, RightHolder, RightKind
from motcua_land.synthetic.lots import Block, Lot, RoadSurface
from motcua_land.synthetic.people import LENDERS, People
from motcua_land.synthetic.plan import FixedLot, WardPlan

AS_OF = date(2026, 6, 30)
"""Day of the made-up register: nothing in it is younger."""

MAP_SCALE = 500
SURVEY = RecordSource("Bản đồ địa chính mẫu (dữ liệu giả lập)", date(2024, 10, 15), MAP_SCALE)
ROAD_SOURCE = "Bản đồ lộ giới mẫu (dữ liệu giả lập)"
CITY = "Thành phố Hồ Chí Minh"


class Era(NamedTuple):
    """A form of certificate: when it was signed, how its serials look, how many of a hundred certificates have it."""

    form: CertificateForm
    first: date
    last: date
    letters: Sequence[str]
    digits: int
    prefix: str
    share: int


ERAS = (
    Era(CertificateForm.LAW_1993, date(1996, 1, 8), date(2004, 6, 30), ("A", "B", "Đ", "K"), 7, "", 5),
    Era(CertificateForm.LAW_2003, date(2004, 7, 1), date(2009, 12, 9), ("AB", "AK", "AĐ", "AP"), 6, "H", 12),
    Era(CertificateForm.DECREE_88_2009, date(2009, 12, 10), date(2014, 6, 30), ("BA", "BĐ", "BH", "BK"), 6, "CH", 20),
    Era(
        CertificateForm.DECREE_43_2014,
        date(2014, 7, 1),
        date(2024, 12, 31),
        ("BX", "CC", "CH", "CS", "CĐ"),
        6,
        "CS",
        38,
    ),
    Era(CertificateForm.LAW_2024, date(2025, 1, 1), AS_OF - timedelta(days=60), ("AA", "AB"), 8, "CS", 25),
)
DRAWN_FROM_100K = 100_000
"""QR-form serials drawn by lot start here; those below are for fixed lots."""

WITHOUT_PAPERS, COUPLE, CO_OWNERS, ORGANISATION = 0.05, 0.30, 0.06, 0.04
SECOND_PARCEL, ASSETS, MORTGAGED, CLEARED, RESTRICTED, RESURVEYED = 0.05, 0.6, 0.12, 0.06, 0.05, 0.15
GARDEN_FROM_M2, BIG_FROM_M2 = 220.0, 600.0

RESTRICTIONS = (
    (Restriction.RECALL, "Ủy ban nhân dân {city}", "Quyết định thu hồi đất số {number}/QĐ-UBND ngày {day:%d/%m/%Y}"),
    (Restriction.SEIZURE, "Thi hành án dân sự {city}", "Quyết định kê biên số {number}/QĐ-THADS ngày {day:%d/%m/%Y}"),
    (
        Restriction.DISPUTE,
        "Ủy ban nhân dân {ward}",
        "Thông báo tranh chấp đất đai số {number}/TB-UBND ngày {day:%d/%m/%Y}",
    ),
    (
        Restriction.CORRIDOR,
        "Ủy ban nhân dân {city}",
        "Quyết định hành lang bảo vệ số {number}/QĐ-UBND ngày {day:%d/%m/%Y}",
    ),
)


@dataclass
class WardRegister:
    """The register of one ward."""

    unit: str
    outline: Polygon
    roads: list[tuple[Road, Polygon]] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)


def make_register(plans: Iterable[WardPlan], tolerance: AreaTolerance) -> list[WardRegister]:
    """Return the register of all wards; the same plans give the same register."""
    wards = list(plans)
    fixed = [lot for plan in wards for lot in plan.fixed_lots]
    people = People({lot.citizen_id for lot in fixed})
    serials = {lot.serial for lot in fixed}
    return [WardMaker(plan, tolerance, people, serials).make() for plan in wards]


class WardMaker:
    """Makes the register of one ward."""

    def __init__(self, plan: WardPlan, tolerance: AreaTolerance, people: People, serials: set[str]) -> None:
        self._plan = plan
        self._tolerance = tolerance
        self._people = people
        self._serials = serials
        self._random = Random(plan.seed)  # noqa: S311 - made-up data, the same on every run
        self._block = Block(plan, self._random)
        self._ward = plan.unit.removeprefix("units/")
        self._numbers: dict[tuple[str, int], int] = {}
        self._houses: dict[int, int] = {}
        self._register_number = 0
        self._settled: list[tuple[RightHolder, ...]] = []

    def make(self) -> WardRegister:
        """Return the register of the ward."""
        register = WardRegister(self._plan.unit, self._block.outline())
        register.roads = [
            (self._road(index, surface), surface.polygon) for index, surface in enumerate(self._block.roads(), start=1)
        ]
        waiting: Parcel | None = None
        for lot in self._block.lots():
            parcel = self._parcel(lot)
            if waiting is not None:
                self._certify(register, [waiting, parcel], None)
                waiting = None
            elif lot.fixed is None and self._random.random() < 0.02:  # noqa: PLR2004 - one in fifty has two on a paper
                waiting = parcel
            elif lot.fixed is None and self._random.random() < WITHOUT_PAPERS:
                register.parcels.append(self._without_papers(parcel))
            else:
                self._certify(register, [parcel], lot.fixed)
        if waiting is not None:
            self._certify(register, [waiting], None)
        return register

    def _road(self, index: int, surface: RoadSurface) -> Road:
        return Road(
            code=self._road_code(index),
            name=surface.street.name,
            unit=self._plan.unit,
            width_m=surface.street.width_m,
            commercial_axis=surface.street.commercial_axis,
            source=ROAD_SOURCE,
            article=f"mảnh {self._ward}",
            source_date=date(2025, 12, 1),
            valid_from=date(2013, 7, 1),
            confidence="own",
        )

    def _road_code(self, index: int) -> str:
        return f"{self._ward}-{index:02d}"

    def _parcel(self, lot: Lot) -> Parcel:
        column = self._plan.columns[lot.column]
        sheet = column.first_sheet + lot.band
        key = (column.surveyed_ward_code, sheet)
        self._numbers[key] = number = self._numbers.get(key, 0) + 1
        boundary = Boundary.of_polygon(HCMC, lot.polygon)
        place = boundary.location()
        measured = boundary.area_m2
        allowed = self._tolerance.tolerance_m2(MAP_SCALE, measured)
        legal = measured
        if lot.fixed is None and self._random.random() < RESURVEYED:
            legal = round(measured + self._random.uniform(-1.3, 1.3) * allowed, 1)
        return Parcel(
            id=parcel_code(boundary),
            cadastral_key=CadastralKey(column.surveyed_ward_code, sheet, number),
            unit=self._plan.unit,
            address=self._address(lot),
            boundary=boundary,
            location=GeoPoint(round(place.latitude, 9), round(place.longitude, 9)),
            area=ParcelArea(measured_m2=measured, tolerance_m2=allowed, legal_m2=legal),
            land_uses=(),
            parcel_class=ParcelClass.A,
            source=SURVEY,
            road=self._road_code(lot.street + 1) if lot.frontage_m else "",
            frontage_m=lot.frontage_m,
            zone=self._plan.bands[lot.band].zone,
        )

    def _address(self, lot: Lot) -> str:
        street = self._plan.streets[lot.street]
        if lot.fixed is not None:
            house = str(lot.fixed.house_number)
        else:
            # even on one side, odd on the other; a lot behind another takes its number with a letter
            side = lot.street * 2 + (lot.street == lot.band)
            if lot.frontage_m:
                taken = {fixed.house_number for fixed in self._plan.fixed_lots}
                number = self._houses.get(side, lot.street == lot.band) + 2
                while number in taken:
                    number += 2
                self._houses[side] = number
            house = f"{self._houses[side]}{'' if lot.frontage_m else 'B'}"
        return f"Số {house} {street.name}, {self._plan.name}, {CITY}"

    def _without_papers(self, parcel: Parcel) -> Parcel:
        """Return a parcel of class G: nobody has brought papers, so no area is legal and no right is entered."""
        return replace(
            parcel,
            parcel_class=ParcelClass.G,
            area=replace(parcel.area, legal_m2=0.0),
            land_uses=(LandUse("ODT", parcel.area.measured_m2),),
        )

    def _certify(self, register: WardRegister, parcels: list[Parcel], fixed: FixedLot | None) -> None:
        """Give parcels one certificate and the rights that go with it."""
        holders = self._holders(parcels[0], fixed)
        organisation = holders[0].kind is HolderKind.ORGANISATION
        assets = "" if self._random.random() > ASSETS and fixed is None else self._assets()
        era = self._era(fixed)
        issued = fixed.issue_date if fixed else self._day(era.first, era.last)
        serial = fixed.serial if fixed else self._serial(era)
        self._register_number += 1
        uses = [self._land_uses(parcel, organisation=organisation) for parcel in parcels]
        certificate = Certificate(
            id=certificate_id(serial),
            serial=serial,
            form=era.form,
            register_number=f"{era.prefix}{self._ward[-2:]}{self._register_number:05d}",
            issue_date=issued,
            issuer=self._issuer(era, parcels[0]),
            holders=holders,
            parcels=tuple(
                CertificateParcel(parcel.name, parcel.cadastral_key, parcel.area.legal_m2, use, parcel.address)
                for parcel, use in zip(parcels, uses, strict=True)
            ),
            assets=assets,
        )
        register.certificates.append(certificate)
        parcel_class = ParcelClass.C if len(parcels) > 1 else ParcelClass.B if assets else ParcelClass.A
        lender = fixed.mortgage if fixed else self._lender()
        for parcel, use in zip(parcels, uses, strict=True):
            rights = [self._use_right(certificate), *self._mortgages(certificate, lender)]
            if fixed is None and self._random.random() < RESTRICTED:
                rights.append(self._restriction(certificate))
            numbered = tuple(
                replace(right, id=f"r{number}")
                for number, right in enumerate(sorted(rights, key=lambda right: right.register_time), start=1)
            )
            register.parcels.append(replace(parcel, parcel_class=parcel_class, land_uses=use, rights=numbered))

    def _holders(self, parcel: Parcel, fixed: FixedLot | None) -> tuple[RightHolder, ...]:
        if fixed is not None:
            return (RightHolder(HolderKind.PERSON, fixed.full_name, fixed.citizen_id, "", 1, 1),)
        if parcel.area.measured_m2 >= BIG_FROM_M2 or self._random.random() < ORGANISATION:
            name, tax_code = self._people.organisation(self._random)
            return (RightHolder(HolderKind.ORGANISATION, name, "", tax_code, 1, 1),)
        if self._settled and self._random.random() < SECOND_PARCEL:
            return self._random.choice(self._settled)
        drawn = self._random.random()
        if drawn < COUPLE:
            pair = [self._people.person(self._random, sex) for sex in ("male", "female")]
            holders = tuple(RightHolder(HolderKind.SPOUSE, name, number) for name, number in pair)
        elif drawn < COUPLE + CO_OWNERS:
            parts = self._random.choice(((1, 1), (1, 2), (1, 1, 1), (2, 3)))
            owners = [self._people.person(self._random) for _ in parts]
            holders = tuple(
                RightHolder(HolderKind.CO_OWNER, name, number, "", part, sum(parts))
                for (name, number), part in zip(owners, parts, strict=True)
            )
        else:
            name, number = self._people.person(self._random)
            holders = (RightHolder(HolderKind.PERSON, name, number, "", 1, 1),)
        self._settled.append(holders)
        return holders

    def _land_uses(self, parcel: Parcel, *, organisation: bool) -> tuple[LandUse, ...]:
        """Uses of a parcel; their areas add up to the legal area."""
        legal = parcel.area.legal_m2
        if organisation:
            code = self._random.choice(("TMD", "TMD", "SKC", "DGD"))
            return (LandUse(code, legal, date(2064, 12, 31), "DT-TML"),)
        origin = self._random.choice(("CNQ-CTT", "CNQ-CTT", "CNQ-KTT", "DG-CTT", "NCQ-8", "NCQ-9", "NCQ-10"))
        if legal >= GARDEN_FROM_M2:
            home = round(legal * self._random.uniform(0.5, 0.8), 1)
            garden = LandUse("CLN", round(legal - home, 1), date(2064, 12, 31), "CNQ-KTT")
            return (LandUse("ODT", home, None, origin), garden)
        return (LandUse("ODT", legal, None, origin),)

    def _assets(self) -> str:
        storeys = self._random.choice((1, 1, 2, 2, 3))
        return f"Nhà ở riêng lẻ {storeys} tầng"

    def _era(self, fixed: FixedLot | None) -> Era:
        if fixed is not None:
            return next(era for era in ERAS if era.first <= fixed.issue_date <= era.last)
        return self._random.choices(ERAS, weights=[era.share for era in ERAS])[0]

    def _serial(self, era: Era) -> str:
        lowest = DRAWN_FROM_100K if era.form is CertificateForm.LAW_2024 else 1
        while True:
            number = self._random.randint(lowest, 999_999)
            serial = f"{self._random.choice(era.letters)} {number:0{era.digits}d}"
            if serial not in self._serials:
                self._serials.add(serial)
                return serial

    def _issuer(self, era: Era, parcel: Parcel) -> str:
        if era.form is CertificateForm.LAW_2024:
            return f"Văn phòng Đăng ký đất đai {CITY}"
        surveyed = parcel.cadastral_key.surveyed_ward_code
        column = next(column for column in self._plan.columns if column.surveyed_ward_code == surveyed)
        return f"Ủy ban nhân dân {column.district}"

    def _use_right(self, certificate: Certificate) -> Right:
        return Right(
            id="",
            kind=RightKind.USE,
            holders=certificate.holders,
            register_time=self._office_time(certificate.issue_date),
            certificate=certificate.name,
            source_document=f"Giấy chứng nhận số {certificate.serial}",
        )

    def _lender(self) -> str:
        return self._random.choice(LENDERS) if self._random.random() < MORTGAGED else ""

    def _mortgages(self, certificate: Certificate, lender: str) -> list[Right]:
        """Mortgages of a certificate: perhaps one cleared, perhaps one in force, in this order."""
        mortgages = []
        start = certificate.issue_date + timedelta(days=20)
        if not lender and self._random.random() < CLEARED:
            entered = self._day(start, AS_OF - timedelta(days=20))
            cleared = self._office_time(self._day(entered, AS_OF - timedelta(days=10)))
            mortgages.append(
                replace(self._mortgage(certificate, self._random.choice(LENDERS), entered), end_time=cleared)
            )
        if lender:
            mortgages.append(self._mortgage(certificate, lender, self._day(start, AS_OF)))
        return mortgages

    def _mortgage(self, certificate: Certificate, lender: str, day: date) -> Right:
        number = self._random.randint(100, 9999)
        return Right(
            id="",
            kind=RightKind.MORTGAGE,
            holders=(RightHolder(HolderKind.LENDER, lender),),
            register_time=self._office_time(day),
            certificate=certificate.name,
            source_document=f"Hợp đồng thế chấp số {number}/{day.year}/HĐTC ngày {day:%d/%m/%Y}",
        )

    def _restriction(self, certificate: Certificate) -> Right:
        kind, authority, document = self._random.choice(RESTRICTIONS)
        day = self._day(certificate.issue_date + timedelta(days=30), AS_OF)
        return Right(
            id="",
            kind=RightKind.RESTRICTION,
            restriction=kind,
            holders=(RightHolder(HolderKind.AUTHORITY, authority.format(city=CITY, ward=self._plan.name)),),
            register_time=self._office_time(day),
            source_document=document.format(number=self._random.randint(10, 9999), day=day),
        )

    def _day(self, first: date, last: date) -> date:
        return first + timedelta(days=self._random.randint(0, max((last - first).days, 0)))

    def _office_time(self, day: date) -> datetime:
        """A moment of that day between 7:30 and 15:00 in the City, in UTC."""
        return datetime.combine(day, time(0, 30), UTC) + timedelta(minutes=self._random.randint(0, 450))
