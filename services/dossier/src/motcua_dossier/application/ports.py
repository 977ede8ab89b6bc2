"""What the application needs from outside, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.domain.law import LegalReference
from motcua_dossier.domain.parts import Inspection, Upload
from motcua_dossier.domain.procedure import Procedure
from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, FieldViolation
from motcua_kit.store import HistoryEntry, Page

AggregateType = TypeVar("AggregateType", bound=Aggregate)
Result = TypeVar("Result")
Sort = Sequence[tuple[str, int]]


class Repository(Protocol[AggregateType]):
    """Aggregates of one kind; see `motcua_kit.store.Repository`."""

    def get(self, identity: str, *, session: Any = None) -> AggregateType:
        """Return one, or raise NotFound."""

    def create(self, aggregate: AggregateType, command: Command, *, session: Any = None) -> AggregateType:
        """Save a new one."""

    def change(
        self,
        identity: str,
        command: Command,
        mutate: Callable[[AggregateType], None],
        *,
        etag: str = "",
        session: Any = None,
        known: AggregateType | None = None,
    ) -> AggregateType:
        """Change one; `known` is what `get` has just returned, and is not read again."""

    def find(self, query: Mapping[str, Any], sort: Sort = ..., limit: int = 0) -> list[AggregateType]:
        """Return those that a query on indexed fields matches."""

    def page(self, query: Mapping[str, Any], sort: Sort, page: Page) -> tuple[list[AggregateType], str]:
        """Return a page and the token for the next."""

    def history(self, identity: str) -> list[HistoryEntry]:
        """Return all changes, oldest first."""


class Drafts(Protocol):
    """What drafts need besides the repository."""

    def delete(self, identity: str, version: int, command: Command) -> bool:
        """Delete a draft of this version for good, but for its history; tell whether it was there."""


class Transactions(Protocol):
    """Several documents at once."""

    def run_transaction(self, work: Callable[[Any], Result]) -> Result:
        """Run `work` with a session; it may run several times."""


class Sequences(Protocol):
    """Numbers of dossiers, per agency and day."""

    def ensure(self, agency: str) -> None:
        """Make the counter of an agency, if it is not there."""

    def next(self, agency: str, day: date, session: Any) -> int:
        """Return the next number of an agency on a day, inside the transaction that uses it."""


class Procedures(Protocol):
    """The catalogue."""

    def current(self, name: str, day: date) -> Procedure:
        """Return the version of a procedure in force on a day, or raise NotFound."""

    def version(self, name: str, version: str) -> Procedure:
        """Return a version of a procedure, or raise NotFound."""

    def in_force(self, day: date) -> list[Procedure]:
        """Return what is in force on a day, by code."""


class Forms(Protocol):
    """JSON Schemas of forms."""

    def schema(self, procedure: Procedure) -> dict[str, Any]:
        """Return the schema of a procedure's form."""

    def violations(self, procedure: Procedure, form: Mapping[str, Any], *, complete: bool) -> list[FieldViolation]:
        """Return what is wrong with a form; what is missing counts only when it must be complete."""


class Calendars(Protocol):
    """The calendar in use."""

    def current(self) -> CityCalendar:
        """Return it."""


@dataclass(frozen=True)
class Person:
    """What identity knows of an applicant."""

    name: str
    citizen_id: str
    full_name: str
    address: str
    phone: str
    email: str
    assurance_level: int


@dataclass(frozen=True)
class Unit:
    """What identity knows of a unit.

    Attributes:
        name: resource name.
        title: name as people read it.
        kind: `ward` for wards, communes and special zones, else the type in lower case.
        agency_code: code in national interchange.
    """

    name: str
    title: str
    kind: str
    agency_code: str


@dataclass(frozen=True)
class Officer:
    """What slips say of an officer."""

    full_name: str
    title: str


class Registry(Protocol):
    """People, officers and units, from identity."""

    def person(self, account: str, purpose: str) -> Person:
        """Return a person, or raise NotFound. The read is logged by identity under the purpose."""

    def unit(self, name: str, day: date) -> Unit:
        """Return a unit as of a day, or raise NotFound."""

    def officer(self, name: str) -> Officer:
        """Return an officer, or raise NotFound."""


@dataclass(frozen=True)
class Holding:
    """A parcel that a person holds.

    Attributes:
        parcel: resource name.
        unit: unit it lies in.
        area_m2: area in the register, m².
        certificate: resource name of its certificate; empty when there is none.
        certificate_serial: serial as printed.
    """

    parcel: str
    unit: str
    area_m2: float
    certificate: str
    certificate_serial: str


class LandRegister(Protocol):
    """Rights of people to land, from land."""

    def holdings(self, citizen_id: str, account: str, purpose: str) -> list[Holding]:
        """Return what a person holds."""


class UploadForm(Protocol):
    """A presigned POST."""

    @property
    def url(self) -> str:
        """Where to post."""

    @property
    def fields(self) -> Mapping[str, str]:
        """Fields that come before the file."""

    @property
    def expire_time(self) -> datetime:
        """When it stops working."""


class StoredObject(Protocol):
    """What the store knows of an object."""

    @property
    def size(self) -> int:
        """Size in bytes."""

    @property
    def version(self) -> str:
        """Version of the bytes."""


class ObjectStore(Protocol):
    """Bytes; see `motcua_kit.objects.ObjectStore`."""

    def presign_post(self, key: str, size: int, content_type: str, expires: timedelta) -> UploadForm:
        """Return a form that stores exactly one object."""

    def presign_get(self, key: str, filename: str, expires: timedelta, *, version: str = "") -> str:
        """Return a link to an object."""

    def stat(self, key: str, *, version: str = "") -> StoredObject:
        """Return what is known of an object, or raise NotFound."""

    def put(self, key: str, content: bytes, content_type: str) -> StoredObject:
        """Store an object."""

    def delete(self, key: str) -> None:
        """Delete an object."""


class Inspector(Protocol):
    """Looks into files."""

    def inspect(self, key: str, upload: Upload) -> Inspection:
        """Compare the stored bytes with what was declared and look for malware."""


@dataclass(frozen=True)
class SlipPaper:
    """A slip as it is to be printed.

    Attributes:
        form: form number, e.g. `01`.
        title: title in Vietnamese.
        number: number of the slip.
        data: what the template shows.
    """

    form: str
    title: str
    number: str
    data: Mapping[str, Any]


class SlipPrinter(Protocol):
    """Makes signed slips."""

    def print(self, paper: SlipPaper, time: datetime) -> bytes:
        """Return the signed PDF of a slip."""


class AccessLog(Protocol):
    """Who read a person's data; see `motcua_kit.access_log.AccessLog`."""

    def record_call(self, *, person: str, purpose: str, resource: str, fields: Sequence[str]) -> None:
        """Note a read by the present caller, unless it is the person."""


@dataclass(frozen=True)
class Ending:
    """Why a dossier ends, and the law behind it."""

    reason: str
    law: LegalReference
