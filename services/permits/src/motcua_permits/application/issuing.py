"""From the approval to the result in the dossier: number, document, hand-over. Every step may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import structlog

from motcua_kit.command import Command
from motcua_permits.application.ports import (
    Applications,
    Archive,
    Dossiers,
    DossierView,
    IssuingUnit,
    People,
    PermitBook,
    Permits,
    Press,
    StoredDocument,
)
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.catalogue import Catalogue
from motcua_permits.domain.permit import Permit, PermitState, PermittedWork, local_date, months_later

log = structlog.get_logger(__name__)


class Issuing:
    """Issues permits and hands results back to the dossier."""

    def __init__(
        self,
        *,
        applications: Applications,
        permits: Permits,
        book: PermitBook,
        people: People,
        press: Press,
        archive: Archive,
        dossiers: Dossiers,
        catalogue: Catalogue,
        new_code: Callable[[], str],
    ) -> None:
        self._applications = applications
        self._permits = permits
        self._book = book
        self._people = people
        self._press = press
        self._archive = archive
        self._dossiers = dossiers
        self._catalogue = catalogue
        self._new_code = new_code

    def issue(self, command: Command, application_id: str) -> Permit | None:
        """Number, print, sign and keep the permit of an approved application.

        Killed anywhere and run again, it goes on where it stopped: the number is in the book, or it is not; the
        document is in the archive, or it is not.

        Returns:
            The permit; None when the application was closed before it got its number.
        """
        application = self._applications.get(application_id)
        day = local_date(command.time)
        unit = self._people.unit(application.unit, day)
        permit = self._book.enter(
            application_id,
            command,
            unit=application.unit,
            year=day.year,
            make=lambda current, sequence: self._permit(current, sequence, day, unit),
        )
        if permit is None:
            log.info("application_closed_before_issue", application=application.name)
            return None
        if permit.state is PermitState.NUMBERED:
            document = self._document(permit, application, command)
            permit = self._permits.change(
                permit.id,
                command.derived("document"),
                lambda current: current.take_document(document.key, document.version, document.sha256),
            )
        self._applications.change(application_id, command.derived("finish"), lambda current: current.finish())
        return permit

    def return_result(self, permit_id: str) -> bool:
        """Attach the signed permit to the dossier and complete it; False when the dossier is not in work yet."""
        permit = self._permits.get(permit_id)
        dossier = self._dossiers.get(permit.dossier)
        if dossier.ended_without_result:
            log.warning("permit_without_dossier", permit=permit.name, dossier=permit.dossier, state=dossier.state)
            return True
        if dossier.state == "ACCEPTED":
            return False
        self._attach(permit, dossier)
        if dossier.state == "PROCESSING":
            self._dossiers.complete(permit.dossier, key=f"{permit.name}/complete")
        return True

    def return_refusal(self, application_id: str) -> bool:
        """Stop the dossier with the reasons of the refusal; False when the dossier is not in work yet."""
        application = self._applications.get(application_id)
        state = self._dossiers.get(application.dossier).state
        if state == "ACCEPTED":
            return False
        if state == "PROCESSING" and application.decision is not None:
            self._dossiers.stop(application.dossier, application.decision.reasons, key=f"{application.name}/refusal")
        return True

    def _permit(self, application: PermitApplication, sequence: int, day: date, unit: IssuingUnit) -> Permit:
        numbering = self._catalogue.numbering(day)
        if application.site is None or application.decision is None:
            message = f"{application.name} is approved without checks or decision"
            raise AssertionError(message)
        return Permit(
            id=application.id,
            number=numbering.number(sequence, day.year),
            sequence=sequence,
            year=day.year,
            unit=application.unit,
            kind=application.kind,
            application=application.name,
            dossier=application.dossier,
            holder=application.applicant,
            parcel=application.parcel,
            work=PermittedWork.of(application.proposal, application.site, application.building_class),
            signer=application.decision.approver,
            issue_date=day,
            start_before_date=months_later(day, numbering.start_within_months),
            verification_code=self._new_code(),
            unit_display_name=unit.display_name,
        )

    def _document(self, permit: Permit, application: PermitApplication, command: Command) -> StoredDocument:
        # The code makes the key this very permit's: what lies there was printed for it, whoever was killed then.
        key = f"permits/{permit.id}/{permit.verification_code}.pdf"
        if kept := self._archive.find(key):
            return kept
        content = self._press.print(
            permit,
            self._people.investor(permit.holder, purpose="permit_issue"),
            self._people.signatory(permit.signer),
            application=application,
            time=permit.create_time or command.time,
        )
        return self._archive.keep(key, content)

    def _attach(self, permit: Permit, dossier: DossierView) -> None:
        if permit.number in dossier.results:
            return
        stored = StoredDocument(permit.document_key, permit.document_version, permit.document_sha256)
        self._dossiers.attach_result(
            permit.dossier,
            self._archive.read(stored),
            sha256=stored.sha256,
            title=f"Giấy phép xây dựng số {permit.number}",
            number=permit.number,
            key=f"{permit.name}/result",
        )
