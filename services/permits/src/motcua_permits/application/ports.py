"""What the application needs from outside, as protocols; `adapters` make them real."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from motcua_kit.command import Command
from motcua_kit.store.paging import Page
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.bylaws import RuleSet
from motcua_permits.domain.facts import SiteFacts
from motcua_permits.domain.permit import Permit
from motcua_permits.domain.review import ConsultationOutcome, RefusalReason, SupplementItem

Query = Mapping[str, Any]
Order = Sequence[tuple[str, int]]


class Applications(Protocol):
    """All permit applications."""

    def get(self, identity: str) -> PermitApplication:
        """Return one; raises NotFound."""

    def create(self, aggregate: PermitApplication, command: Command) -> PermitApplication:
        """Save a new one; raises AlreadyExists."""

    def change(
        self, identity: str, command: Command, mutate: Callable[[PermitApplication], None], *, etag: str = ""
    ) -> PermitApplication:
        """Change one in a compare-and-set."""

    def page(self, query: Query, sort: Order, page: Page) -> tuple[list[PermitApplication], str]:
        """Return a page and the token of the next."""


class Permits(Protocol):
    """All permits."""

    def get(self, identity: str) -> Permit:
        """Return one; raises NotFound."""

    def change(self, identity: str, command: Command, mutate: Callable[[Permit], None], *, etag: str = "") -> Permit:
        """Change one in a compare-and-set."""

    def page(self, query: Query, sort: Order, page: Page) -> tuple[list[Permit], str]:
        """Return a page and the token of the next."""

    def find(self, query: Query) -> list[Permit]:
        """Return those that a query matches."""


class PermitBook(Protocol):
    """The book of permit numbers: one sequence per unit and year, without gaps."""

    def enter(
        self,
        application: str,
        command: Command,
        *,
        unit: str,
        year: int,
        make: Callable[[PermitApplication, int], Permit],
    ) -> Permit | None:
        """Take the next number, make the permit of an approved application, and link both, all or nothing.

        Args:
            application: id of the application.
            command: what asks for it.
            unit: unit whose sequence counts.
            year: year whose sequence counts.
            make: makes the permit from the application and its place in the sequence.

        Returns:
            The permit, the earlier one when there is one; None when the application was closed meanwhile.
        """


class RuleSets(Protocol):
    """Rule sets that applications have pinned, kept as they were."""

    def keep(self, rule_set: RuleSet) -> None:
        """Keep a rule set under its digest, once."""

    def get(self, digest: str) -> RuleSet:
        """Return a kept rule set; raises PreconditionFailed (RULE_SET_MISSING)."""


class LandRegister(Protocol):
    """The land service."""

    def site(self, parcel: str, *, now: datetime) -> SiteFacts:
        """Return what the register knows of a parcel; facts it does not know are None."""


@dataclass(frozen=True)
class DossierView:
    """What permits needs to know of a dossier.

    Attributes:
        state: name of the state, e.g. `PROCESSING`.
        accepted: whether it was ever accepted.
        due_time: when it is due; None while it is not accepted.
        results: numbers of the results attached.
        components: state by code of component, e.g. `REUSED` for what the City holds.
    """

    state: str
    accepted: bool
    due_time: datetime | None
    results: tuple[str, ...] = ()
    components: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended_without_result(self) -> bool:
        """Whether it was withdrawn, stopped or refused."""
        return self.state in {"WITHDRAWN", "STOPPED", "REFUSED"}


@dataclass(frozen=True)
class AskedConsultation:
    """A consultation that the dossier service keeps."""

    name: str
    outcome: ConsultationOutcome
    opinion: str
    deadline: datetime | None
    close_time: datetime | None


class RefusedByDossier(Exception):
    """The dossier service refused a step for good; `problem` says why, in Vietnamese."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Dossiers(Protocol):
    """The dossier service. `key` makes each call the same call when it is repeated."""

    def get(self, dossier: str) -> DossierView:
        """Return what permits needs to know."""

    def start_processing(self, dossier: str, *, key: str) -> None:
        """Start the work (2 → 4)."""

    def request_supplement(self, dossier: str, items: Sequence[SupplementItem], *, key: str) -> None:
        """Ask the applicant; raises RefusedByDossier."""

    def create_consultation(
        self, dossier: str, application: str, *, agency_unit: str, subject: str, question: str, key: str
    ) -> AskedConsultation:
        """Ask an agency; raises RefusedByDossier."""

    def consultation(self, name: str) -> AskedConsultation:
        """Return a consultation."""

    def attach_result(self, dossier: str, content: bytes, *, sha256: str, title: str, number: str, key: str) -> None:
        """Upload a result and attach it to the dossier."""

    def complete(self, dossier: str, *, key: str) -> None:
        """End the work (4 → 9)."""

    def stop(self, dossier: str, reasons: Sequence[RefusalReason], *, key: str) -> None:
        """Stop the dossier with the reasons of a refusal (4 → 8)."""


@dataclass(frozen=True)
class Investor:
    """The person a permit is for (chủ đầu tư). Personal data: printed, never stored."""

    full_name: str
    address: str


@dataclass(frozen=True)
class Signatory:
    """The leader who signs, as printed."""

    full_name: str
    title: str


@dataclass(frozen=True)
class IssuingUnit:
    """The unit that issues, as printed: `Phường Sài Gòn`."""

    display_name: str


class People(Protocol):
    """The identity service."""

    def investor(self, account: str, *, purpose: str) -> Investor:
        """Return the person; the read is entered in the person's access log."""

    def signatory(self, officer: str) -> Signatory:
        """Return the leader."""

    def unit(self, unit: str, day: date) -> IssuingUnit:
        """Return the unit as it stood on a day."""


class Press(Protocol):
    """Prints and signs permits."""

    def print(
        self,
        permit: Permit,
        investor: Investor,
        signatory: Signatory,
        *,
        application: PermitApplication,
        time: datetime,
    ) -> bytes:
        """Return the signed PDF."""


@dataclass(frozen=True)
class StoredDocument:
    """A document in the archive."""

    key: str
    version: str
    sha256: str


class Archive(Protocol):
    """Signed permits, kept for ever."""

    def find(self, key: str) -> StoredDocument | None:
        """Return a document; None when there is none."""

    def keep(self, key: str, content: bytes) -> StoredDocument:
        """Keep a document."""

    def read(self, document: StoredDocument) -> bytes:
        """Return the bytes of exactly this document."""


class AccessLog(Protocol):
    """Notes who reads a person's data (Luật 91/2025/QH15)."""

    def record_call(self, *, person: str, purpose: str, resource: str, fields: Sequence[str]) -> None:
        """Note a read by the present caller."""
