from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from shapely.geometry import Polygon

from motcua_kit.domain import NotFound, ValidationFailed
from motcua_land.domain.boundary import Boundary
from motcua_land.domain.crs import HCMC
from motcua_land.domain.land_use import LandUse, ParcelArea
from motcua_land.domain.parcel import CadastralKey, Parcel, ParcelClass, RecordSource, parcel_code
from motcua_land.domain.rights import HolderKind, Restriction, Right, RightHolder, RightKind

MAI, BINH, LAN = "079185000001", "079090000002", "079191000003"
CERTIFICATE = "certificates/aa00000001"


def person(citizen_id: str, numerator: int = 0, denominator: int = 0) -> RightHolder:
    return RightHolder(HolderKind.PERSON, f"Người {citizen_id[-1]}", citizen_id, "", numerator, denominator)


def use(*holders: RightHolder, id: str = "r1") -> Right:
    return Right(id, RightKind.USE, holders, datetime(2020, 5, 4, 3, 0, tzinfo=UTC), certificate=CERTIFICATE)


def mortgage(day: int = 1, *, ended: bool = False) -> Right:
    return Right(
        f"m{day}",
        RightKind.MORTGAGE,
        (RightHolder(HolderKind.LENDER, "Ngân hàng Mẫu"),),
        datetime(2024, 3, day, 2, 0, tzinfo=UTC),
        source_document="Hợp đồng thế chấp số 1",
        end_time=datetime(2025, 1, 1, tzinfo=UTC) if ended else None,
    )


def restriction(kind: Restriction) -> Right:
    holder = RightHolder(HolderKind.AUTHORITY, "Ủy ban nhân dân")
    return Right("x1", RightKind.RESTRICTION, (holder,), datetime(2025, 2, 3, tzinfo=UTC), restriction=kind)


def parcel(*rights: Right) -> Parcel:
    boundary = Boundary.of_polygon(
        HCMC, Polygon([(603800, 1191940), (603806.2, 1191940.5), (603804.9, 1191958.1), (603799.1, 1191957.4)])
    )
    return Parcel(
        id=parcel_code(boundary),
        cadastral_key=CadastralKey("26740", 11, 1),
        unit="units/26740",
        address="Số 1",
        boundary=boundary,
        location=boundary.location(),
        area=ParcelArea(measured_m2=105.7, tolerance_m2=2.06, legal_m2=105.7),
        land_uses=(LandUse("ODT", 105.7),),
        parcel_class=ParcelClass.A,
        source=RecordSource("Bản đồ", date(2024, 1, 1), 500),
        rights=rights,
    )


def test_sole_holder() -> None:
    ownership = parcel(use(person(MAI, 1, 1))).ownership_of(MAI)
    assert (ownership.holds, ownership.sole, ownership.certificate) == (True, True, CERTIFICATE)
    assert (ownership.share_numerator, ownership.share_denominator) == (1, 1)
    assert not ownership.blocking


def test_spouses_hold_jointly_without_shares() -> None:
    land = parcel(use(person(MAI), person(BINH)))
    ownership = land.ownership_of(BINH)
    assert (ownership.holds, ownership.sole, ownership.share_denominator) == (True, False, 0)
    assert land.rights[0].joint


def test_two_sole_rights_are_not_sole_ownership() -> None:
    assert not parcel(use(person(MAI, 1, 1)), use(person(BINH, 1, 1), id="r2")).ownership_of(MAI).sole


def test_who_holds_nothing() -> None:
    ownership = parcel(use(person(MAI, 1, 1)), mortgage()).ownership_of(LAN)
    assert (ownership.holds, ownership.sole, ownership.certificate) == (False, False, "")
    assert ownership.mortgaged


def test_land_without_papers_is_nobodys() -> None:
    assert not parcel().ownership_of(MAI).holds
    assert parcel().users == ()


def test_an_ended_right_of_use_is_not_held() -> None:
    land = parcel(replace(use(person(MAI, 1, 1)), end_time=datetime(2023, 1, 1, tzinfo=UTC)), use(person(BINH, 1, 1)))
    assert not land.ownership_of(MAI).holds
    assert land.users == (BINH,)
    with pytest.raises(NotFound):
        land.use_right_of(MAI)


def test_a_lender_who_is_a_person_does_not_hold_the_land() -> None:
    lender = RightHolder(HolderKind.PERSON, "Chủ nợ", LAN, "", 1, 1)
    land = parcel(use(person(MAI, 1, 1)), replace(mortgage(), holders=(lender,)))
    assert land.users == (MAI,)
    assert not land.ownership_of(LAN).holds


def test_a_cleared_mortgage_blocks_nothing() -> None:
    land = parcel(use(person(MAI, 1, 1)), mortgage(ended=True))
    assert not land.mortgaged
    assert not land.ownership_of(MAI).blocking


def test_mortgages_rank_by_the_time_of_entry() -> None:
    land = parcel(mortgage(9), use(person(MAI, 1, 1)), mortgage(2))
    assert [right.id for right in land.encumbrances] == ["m2", "m9"]


@pytest.mark.parametrize(
    ("kind", "blocks"),
    [
        (Restriction.DISPUTE, True),
        (Restriction.SEIZURE, True),
        (Restriction.RECALL, True),
        (Restriction.CORRIDOR, False),
    ],
)
def test_what_blocks_building(kind: Restriction, *, blocks: bool) -> None:
    land = parcel(use(person(MAI, 1, 1)), restriction(kind))
    assert land.restricted is blocks
    assert land.ownership_of(MAI).restricted is blocks
    assert not land.mortgaged


@pytest.mark.parametrize(
    "holders",
    [
        (),
        (person(MAI, 1, 2),),
        (person(MAI, 1, 2), person(BINH, 1, 3)),
        (person(MAI, 1, 2), person(BINH)),
        (person(MAI, 3, 2), person(BINH, -1, 2)),
    ],
)
def test_shares_must_be_the_whole_or_none(holders: tuple[RightHolder, ...]) -> None:
    with pytest.raises(ValidationFailed) as error:
        use(*holders)
    assert error.value.reason == "SHARES_INVALID"


@pytest.mark.parametrize("text", ["", "07918500123", "0791850012345", "07918500123a", "０７９１８５００１２３４"])
def test_a_citizen_id_has_twelve_digits_and_an_error_does_not_repeat_it(text: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        parcel().ownership_of(text)
    assert error.value.reason == "CITIZEN_ID_INVALID"
    assert not error.value.metadata
    assert text == "" or text not in str(error.value)


def test_the_cadastral_key_needs_the_ward_of_the_survey() -> None:
    with pytest.raises(ValidationFailed):
        CadastralKey("Bến Nghé", 11, 1)
    assert CadastralKey("26740", 11, 1) != CadastralKey("26737", 11, 1)
    assert str(CadastralKey("26740", 11, 1)) == "26740/11/1"


@pytest.mark.parametrize(
    ("legal", "within"), [(105.7, True), (107.7, True), (103.6, False), (107.8, False), (0.0, True)]
)
def test_legal_and_measured_area_are_two_facts(legal: float, *, within: bool) -> None:
    area = ParcelArea(measured_m2=105.7, tolerance_m2=2.06, legal_m2=legal)
    assert area.within_tolerance is within
    assert (area.legal_m2, area.measured_m2) == (legal, 105.7)
