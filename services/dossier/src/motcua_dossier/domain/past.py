"""What the system before this one says of a dossier: one line of an import file."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal
from unicodedata import is_normalized

from motcua_dossier.domain.calendar import city_date
from motcua_dossier.domain.codes import AGENCY
from motcua_dossier.domain.dossier import DeliveryMethod
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.parts import SupplementItem
from motcua_dossier.domain.procedure import Channel
from motcua_kit.domain import DomainError, FieldViolation

CODE = re.compile(rf"{AGENCY.pattern}-(?P<day>[0-9]{{6}})-[0-9]{{4,7}}")
"""Code of a dossier (mã hồ sơ): agency, day, number."""

NAMES = {
    "procedure": re.compile(r"procedures/[0-9]\.[0-9]{6}"),
    "unit": re.compile(r"units/[a-z0-9-]{2,40}"),
    "applicant": re.compile(r"(accounts/[0-9a-f]{32})?"),
    "handler": re.compile(r"(officers/[0-9a-f]{32})?"),
}
ACTOR = re.compile(r"((accounts|officers)/[0-9a-f]{32})?")
EXACT = 2**53
"""Below this every whole number is one that protobuf and JSON can carry."""
MAX_NAME, MAX_TEXT, MAX_STEPS, MAX_DAYS = 200, 2000, 100, 1000

IDENTITIES = uuid.UUID("5a1f6f0e-7a43-4c2b-9b0a-6f2d8f3f7c11")
"""Name space of what is known by a code of the old system."""


class RecordRefused(DomainError):
    """A record cannot be taken over. No call answers with it: its reasons stand in the report of the import.

    Args:
        violations: the fields that are why.
    """

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        super().__init__("RECORD_REFUSED", "the record cannot be taken over")
        self.violations = tuple(violations)


class Action(StrEnum):
    """What may have happened; the names are those of the contract's commands."""

    SUBMIT = "SubmitDossier"
    ACCEPT = "AcceptDossier"
    REFUSE = "RefuseDossier"
    START = "StartProcessing"
    REQUEST_SUPPLEMENT = "RequestSupplement"
    ANSWER_SUPPLEMENT = "AnswerSupplement"
    REQUEST_PAYMENT = "RequestPayment"
    CONFIRM_PAYMENT = "ConfirmPayment"
    WITHDRAW = "WithdrawDossier"
    STOP = "StopDossier"
    COMPLETE = "CompleteDossier"
    DELIVER = "DeliverResult"


ENDS = frozenset({Action.REFUSE, Action.WITHDRAW, Action.STOP, Action.DELIVER})
"""What nothing follows."""


@dataclass(frozen=True, kw_only=True)
class PastCharge:
    """What was asked for, in VND."""

    code: str
    title: str
    amount_vnd: int


@dataclass(frozen=True, kw_only=True)
class PastStep:
    """One thing that happened to a dossier.

    Attributes:
        action: what.
        time: when.
        actor: `officers/…` or `accounts/…` who did it; empty when it is nobody whom identity knows.
        reason: why; needed for a refusal, a withdrawal and a stop.
        legal_reference: law behind a refusal or a stop.
        items: what a supplement asked for.
        charges: what a payment was asked for.
        receipt_no: number of the receipt of a payment.
    """

    action: Action
    time: datetime
    actor: str = ""
    reason: str = ""
    legal_reference: LegalReference | None = None
    items: tuple[SupplementItem, ...] = ()
    charges: tuple[PastCharge, ...] = ()
    receipt_no: str = ""


@dataclass(frozen=True, kw_only=True)
class PastDossier:
    """A dossier as the old system hands it over; one line of an import file.

    Attributes:
        format: version of the format.
        code: its code, which it keeps.
        procedure: resource name of the procedure.
        unit: resource name of the unit that is competent today.
        applicant: account of the applicant; may be empty when the dossier has ended.
        applicant_name: legal name of the applicant.
        channel: how it came in.
        delivery_method: how the result is to be handed over.
        form: what the applicant filled in; complete when the dossier is open.
        papers: codes of the components that were handed in.
        working_days: its limit, where the form does not tell.
        handler: officer who works on it.
        steps: what happened, from the submission on.
    """

    format: Literal["motcua.import/1"]
    code: str
    procedure: str
    unit: str
    applicant_name: str
    steps: tuple[PastStep, ...]
    applicant: str = ""
    channel: Channel = Channel.COUNTER
    delivery_method: DeliveryMethod = DeliveryMethod.COUNTER
    form: dict[str, Any] = field(default_factory=dict)
    papers: tuple[str, ...] = ()
    working_days: int | None = None
    handler: str = ""

    @property
    def submit_time(self) -> datetime:
        """When it was submitted."""
        return self.steps[0].time

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be done."""
        return self.steps[-1].action in ENDS

    @property
    def identity(self) -> str:
        """Id of the dossier here: the same whenever the same code is handed over."""
        return uuid.uuid5(IDENTITIES, self.code).hex

    def problems(self, now: datetime) -> Iterator[FieldViolation]:
        """Yield what is wrong with it, whatever the City's data say; the values are not told."""
        yield from self._problems_of_names(now)
        if not self.steps or len(self.steps) > MAX_STEPS or self.steps[0].action is not Action.SUBMIT:
            yield FieldViolation("steps", "STEPS_INVALID", f"up to {MAX_STEPS} steps, the first is the submission")
        for position, step in enumerate(self.steps):
            if step.time.tzinfo is None:
                yield FieldViolation(f"steps.{position}.time", "TIME_WITHOUT_ZONE", "has no offset from UTC")
                return
            if not ACTOR.fullmatch(step.actor):
                yield FieldViolation(f"steps.{position}.actor", "RESOURCE_NAME_INVALID", "names no officer or account")
        for position, (before, after) in enumerate(pairwise(self.steps), start=1):
            if after.time < before.time:
                yield FieldViolation(f"steps.{position}.time", "STEPS_OUT_OF_ORDER", "is before the step before")
        if self.steps and self.steps[-1].time > now:
            yield FieldViolation(f"steps.{len(self.steps) - 1}.time", "TIME_IN_FUTURE", "has not come yet")
        yield from _problems_of_values(self)

    def _problems_of_names(self, now: datetime) -> Iterator[FieldViolation]:
        day = CODE.fullmatch(self.code)
        if day is None:
            yield FieldViolation("code", "CODE_INVALID", "is no code of a dossier: agency-yymmdd-number")
        elif day["day"] >= f"{city_date(now):%y%m%d}":
            # Its number could be given a second time: today's are given here.
            yield FieldViolation("code", "CODE_NOT_PAST", "is not of a day before today")
        for name, pattern in NAMES.items():
            if not pattern.fullmatch(getattr(self, name)):
                yield FieldViolation(name, "RESOURCE_NAME_INVALID", "is not of the form of such a name")
        if not self.applicant_name.strip() or len(self.applicant_name) > MAX_NAME:
            yield FieldViolation("applicant_name", "TEXT_INVALID", f"wants 1 to {MAX_NAME} characters")
        if self.working_days is not None and not 0 < self.working_days <= MAX_DAYS:
            yield FieldViolation("working_days", "NUMBER_INVALID", f"wants 1 to {MAX_DAYS}")


def _problems_of_values(past: PastDossier) -> Iterator[FieldViolation]:
    """Yield texts that are too long, not composed (NFC) or hold a NUL, and numbers that no message can carry."""
    for place, value in _leaves("", past):
        if isinstance(value, str):
            if len(value) > MAX_TEXT or "\0" in value:
                yield FieldViolation(place, "TEXT_INVALID", f"is longer than {MAX_TEXT} characters, or holds a NUL")
            elif not is_normalized("NFC", value):
                yield FieldViolation(place, "TEXT_NOT_NFC", "is not in the composed form of Unicode (NFC)")
        elif isinstance(value, float | int) and not abs(value) < EXACT:
            yield FieldViolation(place, "NUMBER_INVALID", "is no number that can be kept exactly")


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is in dataclasses, objects and lists, each with its dotted path."""
    match value:
        case Mapping():
            inner = dict(value)
        case tuple() | list():
            inner = dict(enumerate(value))
        case _ if is_dataclass(value):
            inner = vars(value)
        case _:
            yield place, value
            return
    for name, one in inner.items():
        yield from _leaves(f"{place}.{name}" if place else str(name), one)
