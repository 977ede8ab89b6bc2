"""What happens to applications and permits, as others hear of it. Resource names only, no personal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from motcua_kit.domain import Event


@dataclass(frozen=True)
class ApplicationEvent(Event):
    """Something that happened to an application."""

    application: str
    dossier: str
    unit: str


@dataclass(frozen=True)
class ApplicationOpened(ApplicationEvent):
    """An accepted dossier opened an application."""

    type: ClassVar[str] = "application.opened"


@dataclass(frozen=True)
class SupplementNeeded(ApplicationEvent):
    """A handler wants the applicant to complete the dossier."""

    type: ClassVar[str] = "application.supplement_needed"


@dataclass(frozen=True)
class ConsultationNeeded(ApplicationEvent):
    """A handler wants another agency's opinion."""

    type: ClassVar[str] = "application.consultation_needed"

    consultation_id: str
    agency_unit: str


@dataclass(frozen=True)
class ApplicationApproved(ApplicationEvent):
    """A leader granted the permit."""

    type: ClassVar[str] = "application.approved"

    approver: str


@dataclass(frozen=True)
class ApplicationRefused(ApplicationEvent):
    """A leader refused the permit."""

    type: ClassVar[str] = "application.refused"

    approver: str


@dataclass(frozen=True)
class PermitIssued(Event):
    """A permit is numbered and signed."""

    type: ClassVar[str] = "permit.issued"

    permit: str
    application: str
    dossier: str
    unit: str
    number: str
