"""Administrative procedures (thủ tục hành chính) as City data says them. Adding one is one file and no Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from motcua_dossier.domain.conditions import Condition, Form, all_hold, value_at
from motcua_dossier.domain.law import LegalReference, LocalizedText
from motcua_kit.domain import ValidationFailed

CERTIFICATES = "certificates"
"""Reuse source: the certificate of the parcel that the form names, held by the land register."""

DOCUMENTS = "documents"
"""Reuse source prefix: `documents:{kind}` is a result of that kind in the person's document store."""


class Level(Enum):
    """How much is online (NĐ 224/2026 Điều 14)."""

    FULL = "full"
    PARTIAL = "partial"


class Channel(Enum):
    """How a dossier comes in (KenhThucHien)."""

    COUNTER = "counter"
    ONLINE = "online"
    POST = "post"


@dataclass(frozen=True)
class ProcedureComponent:
    """One paper that a dossier consists of (thành phần hồ sơ).

    Attributes:
        code: code inside the procedure.
        title: what people call it.
        legal_reference: the article that asks for it.
        always_required: whether every dossier needs it.
        required_when_any: conditions on the form, each of which makes it required.
        from_form: whether the form itself is the component, so that no file is asked for.
        media_types: media types accepted.
        max_size: largest size of one file in bytes.
        max_files: files accepted.
        reuse_sources: where the City may hold it: `certificates`, `documents:{kind}`.
    """

    code: str
    title: LocalizedText
    legal_reference: LegalReference
    always_required: bool = False
    required_when_any: tuple[Condition, ...] = ()
    from_form: bool = False
    media_types: tuple[str, ...] = ("application/pdf",)
    max_size: int = 20 * 1024 * 1024
    max_files: int = 10
    reuse_sources: tuple[str, ...] = ()

    def required_for(self, form: Form) -> bool:
        """Tell whether a dossier with this form needs the component."""
        return self.always_required or any(condition.holds(form) for condition in self.required_when_any)

    def takes(self, source: str, kind: str = "") -> bool:
        """Tell whether a paper of the City may stand for the component.

        Args:
            source: resource name of the paper.
            kind: kind of the result, for a document.
        """
        collection = source.partition("/")[0]
        return (f"{DOCUMENTS}:{kind}" if collection == DOCUMENTS else collection) in self.reuse_sources


@dataclass(frozen=True)
class TimeLimit:
    """A time limit in working days and when it applies (thời hạn giải quyết)."""

    code: str
    working_days: int
    legal_reference: LegalReference
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class PriceTier:
    """A price per unit, up to a number of units; the last tier has no end."""

    price_vnd: int
    up_to: int | None = None


@dataclass(frozen=True)
class Fee:
    """A charge (phí, lệ phí).

    Attributes:
        code: code inside the procedure.
        title: what people call it.
        legal_reference: law that sets it.
        amount_vnd: amount in VND, where it is one number.
        per_unit: prices by quantity, where it is not.
        quantity_field: field of the form with the quantity, e.g. pages.
        times_field: field of the form that multiplies the amount, e.g. copies.
        cap_vnd: most that one multiple may cost.
        waived_online: whether a full-online filing costs nothing.
        on_acceptance: whether it falls due when the dossier is accepted; otherwise when an officer asks for it.
    """

    code: str
    title: LocalizedText
    legal_reference: LegalReference
    amount_vnd: int = 0
    per_unit: tuple[PriceTier, ...] = ()
    quantity_field: str = ""
    times_field: str = ""
    cap_vnd: int | None = None
    waived_online: bool = False
    on_acceptance: bool = False

    def amount(self, form: Form, channel: Channel) -> int:
        """Return what a dossier with this form costs, in VND."""
        if self.waived_online and channel is Channel.ONLINE:
            return 0
        amount = self.amount_vnd
        remaining = _whole(form, self.quantity_field) if self.per_unit else 0
        counted = 0
        for tier in self.per_unit:
            here = remaining if tier.up_to is None else min(remaining, tier.up_to - counted)
            amount += here * tier.price_vnd
            counted += here
            remaining -= here
        if self.cap_vnd is not None:
            amount = min(amount, self.cap_vnd)
        return amount * (_whole(form, self.times_field) if self.times_field else 1)


def _whole(form: Form, path: str) -> int:
    value = value_at(form, path)
    return value if isinstance(value, int) else int(value or 0)


@dataclass(frozen=True)
class Step:
    """A step of the procedure: who does it, and in how many working days."""

    code: str
    title: LocalizedText
    role: str
    working_days: int = 0


@dataclass(frozen=True)
class Prefill:
    """A field of the form that the City fills in from what it knows.

    Attributes:
        field: dotted path into the form.
        source: `account.<field>`, or `holding.<field>` when the person holds exactly one parcel in the unit.
        locked: whether the applicant may not change it, because a register is right and they are not.
    """

    field: str
    source: str
    locked: bool = False


@dataclass(frozen=True)
class Deadline:
    """Working days to answer something, and the law that says so."""

    working_days: int
    legal_reference: LegalReference


@dataclass(frozen=True)
class Example:
    """A worked example that the tests run: a form and a time of receipt, and what must come out."""

    form: dict[str, Any]
    received: datetime
    due: date
    channel: Channel = Channel.ONLINE
    required: tuple[str, ...] = ()
    fee: str = ""
    amount_vnd: int = 0


@dataclass(frozen=True)
class Procedure:
    """One version of a procedure.

    Attributes:
        code: code in the national catalogue.
        version: name of the version; a dossier is decided under the one it was submitted under.
        title: what people call it.
        field: code of the field (lĩnh vực).
        level: how much is online.
        authorities: kinds of units that handle it, e.g. `ward`.
        decision_no: decision that published it.
        source: law behind the whole.
        article: article of that law.
        confidence: how certain the file is.
        valid_from: first day in force.
        valid_to: last day in force; None while open.
        form_schema: file with the JSON Schema of the form, relative to the City folder.
        assurance_level: assurance of the applicant's account that filing needs.
        parcel_field: field of the form with the parcel, where there is one.
        shared_fields: parts of the form that expert offices get with the event of acceptance; never personal data.
        supplement: time that the applicant has to answer a supplement (yêu cầu bổ sung).
        consultation: time that a consulted agency has; silence counts as consent.
        result_kind: what the result is, e.g. `building_permit`.
        result_title: what people call the result.
    """

    code: str
    version: str
    title: LocalizedText
    field: str
    level: Level
    authorities: tuple[str, ...]
    decision_no: str
    source: str
    article: str
    confidence: str
    valid_from: date
    form_schema: str
    time_limits: tuple[TimeLimit, ...]
    components: tuple[ProcedureComponent, ...]
    steps: tuple[Step, ...]
    legal_basis: tuple[LegalReference, ...]
    result_kind: str
    result_title: LocalizedText
    supplement: Deadline
    consultation: Deadline | None = None
    valid_to: date | None = None
    assurance_level: int = 1
    parcel_field: str = ""
    shared_fields: tuple[str, ...] = ()
    prefill: tuple[Prefill, ...] = ()
    fees: tuple[Fee, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """Resource name."""
        return f"procedures/{self.code}"

    def in_force(self, day: date) -> bool:
        """Tell whether the version is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def component(self, code: str) -> ProcedureComponent:
        """Return a component.

        Raises:
            ValidationFailed: the procedure has none of that code.
        """
        for component in self.components:
            if component.code == code:
                return component
        raise ValidationFailed(
            "COMPONENT_UNKNOWN", f"{self.code} has no component {code}", component=code, procedure=self.code
        )

    def time_limit(self, form: Form) -> TimeLimit:
        """Return the first time limit whose conditions the form satisfies.

        Raises:
            ValidationFailed: none applies, so that the procedure does not cover what the form describes.
        """
        for limit in self.time_limits:
            if all_hold(limit.when, form):
                return limit
        raise ValidationFailed("FORM_INVALID", f"{self.code} has no time limit for this form", procedure=self.code)

    def fee(self, code: str) -> Fee:
        """Return a fee.

        Raises:
            ValidationFailed: the procedure has none of that code.
        """
        for fee in self.fees:
            if fee.code == code:
                return fee
        raise ValidationFailed("CHARGE_UNKNOWN", f"{self.code} has no charge {code}", charge=code, procedure=self.code)

    def shared(self, form: Form) -> dict[str, Any]:
        """Return the parts of a form that expert offices get."""
        return {name: form[name] for name in self.shared_fields if name in form}
