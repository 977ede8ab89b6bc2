"""The building permit: number, content (NĐ 217/2026 Điều 49) and verification code."""

from __future__ import annotations

import calendar
import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum

from motcua_kit.domain import Aggregate, Machine, transition
from motcua_permits.domain.bylaws import vi_number
from motcua_permits.domain.events import PermitIssued
from motcua_permits.domain.facts import HouseProposal, SiteFacts, facts_of
from motcua_permits.domain.values import PermitKind

CITY_TIME = timezone(timedelta(hours=7))

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters and digits of verification codes; none that is mistaken for another (0/O, 1/I)."""

CODE_LENGTH = 16
"""80 bits: guessing one is hopeless even without a rate limit."""


@dataclass(frozen=True)
class PermittedWork:
    """The works a permit allows, without personal data. Lengths in m, areas in m².

    Attributes:
        work_name: name of the works.
        site_address: address of the site.
        building_class: cấp công trình.
        parcel_label: map sheet and parcel number.
        density_percent: mật độ xây dựng.
        floor_area_ratio: hệ số sử dụng đất.
        storeys_text: storeys in words.
        red_line: chỉ giới đường đỏ, in words.
        building_line: chỉ giới xây dựng, in words.
        ground_level_m: cốt nền; None when not stated.
    """

    work_name: str
    site_address: str
    building_class: str
    parcel_label: str
    lot_area_m2: float
    ground_floor_area_m2: float
    total_floor_area_m2: float
    density_percent: float
    floor_area_ratio: float
    storeys_text: str
    storeys: int
    height_m: float
    red_line: str
    building_line: str
    ground_level_m: float | None
    drawings: tuple[str, ...]
    design_unit: str

    @classmethod
    def of(cls, proposal: HouseProposal, site: SiteFacts, building_class: str) -> PermittedWork:
        """Describe a proposal on a site as a permit does."""
        facts = facts_of(proposal, site)
        if site.road_width_m is None:
            red_line = "Theo hồ sơ địa chính và bản vẽ kèm theo"
        else:
            road = site.road_name or "đường trước lô đất"
            red_line = f"{road}, lộ giới {vi_number(site.road_width_m)} m"
        setback = proposal.front_setback_m
        return cls(
            work_name=proposal.work_name,
            site_address=proposal.site_address,
            building_class=building_class,
            parcel_label=_parcel_label(site),
            lot_area_m2=float(facts["lot_area_m2"]),  # type: ignore[arg-type]
            ground_floor_area_m2=proposal.ground_floor_m2,
            total_floor_area_m2=proposal.total_floor_area_m2,
            density_percent=float(facts["density_percent"]),  # type: ignore[arg-type]
            floor_area_ratio=float(facts["floor_area_ratio"]),  # type: ignore[arg-type]
            storeys_text=storeys_text(proposal),
            storeys=proposal.storeys,
            height_m=proposal.height_m,
            red_line=red_line,
            building_line=f"Lùi {vi_number(setback)} m so với chỉ giới đường đỏ"
            if setback
            else "Trùng với chỉ giới đường đỏ",
            ground_level_m=proposal.ground_level_m,
            drawings=proposal.drawings,
            design_unit=proposal.design_unit,
        )


def _parcel_label(site: SiteFacts) -> str:
    if site.map_sheet and site.parcel_number:
        return f"Thửa đất số {site.parcel_number}, tờ bản đồ số {site.map_sheet}"
    return ""


def storeys_text(proposal: HouseProposal) -> str:
    """Return the storeys as a permit writes them, e.g. `4 tầng, 1 tầng hầm, tầng lửng, tum thang`."""
    parts = [f"{proposal.storeys} tầng"]
    if proposal.basements:
        parts.append(f"{proposal.basements} tầng hầm")
    extras = {
        "tầng lửng": proposal.has_mezzanine,
        "tầng kỹ thuật": proposal.has_technical_storey,
        "tầng áp mái": proposal.has_attic,
        "tum thang": proposal.has_stair_housing,
    }
    return ", ".join([*parts, *(name for name, present in extras.items() if present)])


class PermitState(StrEnum):
    """Where a permit stands."""

    NUMBERED = "NUMBERED"
    ISSUED = "ISSUED"


ISSUING = Machine("permit", "TRANSITION_NOT_ALLOWED", [transition("Issue", PermitState, PermitState.ISSUED)])


@dataclass(kw_only=True)
class Permit(Aggregate):
    """A building permit (giấy phép xây dựng). Its id is that of the application: one application, one permit.

    Attributes:
        number: number as printed.
        sequence: place in the gap-free sequence of unit and year.
        year: year of the sequence.
        unit: issuing unit.
        kind: kind of permit.
        application: application it was granted on.
        dossier: dossier of that application.
        holder: account of the investor (chủ đầu tư).
        parcel: parcel of the works.
        work: what is permitted.
        signer: leader who signed.
        issue_date: date of issue.
        start_before_date: last day to start the works.
        verification_code: 16 letters and digits.
        unit_display_name: name of the unit when it issued the permit.
        state: where it stands.
        document_key: key of the signed PDF in the object store; empty before.
        document_version: version of that object, which nobody can swap; empty before.
        document_sha256: SHA-256 of the signed PDF; empty before.
    """

    number: str
    sequence: int
    year: int
    unit: str
    kind: PermitKind
    application: str
    dossier: str
    holder: str
    parcel: str
    work: PermittedWork
    signer: str
    issue_date: date
    start_before_date: date
    verification_code: str
    unit_display_name: str
    state: PermitState = PermitState.NUMBERED
    document_key: str = ""
    document_version: str = ""
    document_sha256: str = ""

    @property
    def name(self) -> str:
        """Resource name."""
        return f"permits/{self.id}"

    def take_document(self, key: str, version: str, sha256: str) -> None:
        """Keep the signed PDF: the permit is issued. A second document never replaces the first."""
        if self.document_key:
            return
        self.document_key = key
        self.document_version = version
        self.document_sha256 = sha256
        self.state = ISSUING.next(self.state, "Issue")
        self.record(PermitIssued(self.name, self.application, self.dossier, self.unit, self.number))

    def verifies(self, number: str, code: str) -> bool:
        """Tell whether number and code are those of this permit, in any case and with any blanks or hyphens."""
        same_number = normalised(number) == normalised(self.number)
        same_code = hmac.compare_digest(normalised(code).encode(), self.verification_code.encode())
        return self.state is not PermitState.NUMBERED and same_number and same_code


def normalised(text: str) -> str:
    """Return a number or code in the form it is compared in: upper case, no blanks, no hyphens."""
    return "".join(text.upper().replace("-", " ").split())


def grouped(code: str) -> str:
    """Return a verification code in groups of four, as it is printed."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def months_later(day: date, months: int) -> date:
    """Return the same day so many months later, or the last day of that month."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def local_date(time: datetime) -> date:
    """Return the date in the City (UTC+7 all year since 1975)."""
    return time.astimezone(CITY_TIME).date()
