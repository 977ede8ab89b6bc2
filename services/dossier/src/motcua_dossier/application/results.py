"""Results: attached by the office that made them, completed, handed over into the store of the person."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from motcua_dossier.application.files import upload_key
from motcua_dossier.application.ports import Inspector, Repository
from motcua_dossier.domain.documents import Document, DocumentKind
from motcua_dossier.domain.dossier import DeliveryMethod, Dossier
from motcua_dossier.domain.parts import RESULT_COMPONENT, Result, UploadState
from motcua_dossier.domain.states import State
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.domain import AlreadyExists, NotFound, PreconditionFailed


@dataclass(frozen=True)
class NewResult:
    """A result that an office hands in."""

    upload: str
    kind: str
    title: str
    number: str


@dataclass(frozen=True)
class Results:
    """Commands on results."""

    dossiers: Repository[Dossier]
    documents: Repository[Document]
    inspector: Inspector

    def attach(self, command: Command, access: Access, identity: str, new: NewResult, etag: str) -> Dossier:
        """Attach a result whose bytes have been sent; they are checked on the spot.

        Raises:
            NotFound: there is no such dossier or upload that the caller may change.
            IllegalTransition: the dossier is not in work.
            PreconditionFailed: the bytes have not arrived or are not what was declared.
        """
        before = self.dossiers.get(identity)
        access.check(owner=before.applicant, unit=before.unit, resource=f"dossiers/{identity}")
        upload = before.upload(new.upload)
        if upload.component != RESULT_COMPONENT:
            raise NotFound("UPLOAD_NOT_FOUND", "that upload is no result", upload=new.upload)
        key = upload_key(identity, new.upload)
        document_id = document_of(identity, new.upload)
        result = Result(new.kind, new.title, new.number, f"documents/{document_id}")
        inspection = None
        if upload.state is not UploadState.CHECKED:
            try:
                inspection = self.inspector.inspect(key, upload)
            except NotFound as absent:
                raise PreconditionFailed(
                    "UPLOAD_INCOMPLETE", "no bytes have arrived", upload=new.upload, filename=upload.filename
                ) from absent
            if inspection.rejection is not None:
                raise PreconditionFailed(
                    "UPLOAD_REJECTED",
                    f"{inspection.rejection.name}: {inspection.finding}",
                    component=upload.filename,
                )

        def mutate(dossier: Dossier) -> None:
            if inspection is not None:
                dossier.settle_upload(new.upload, inspection, command.time)
            dossier.attach_result(new.upload, result)
            # Before the dossier is saved: a document that no dossier names yet shows nowhere, and is made once.
            self._keep(command, dossier, result, document_id, new.upload)

        return self.dossiers.change(identity, command, mutate, etag=etag)

    def complete(self, command: Command, access: Access, identity: str, etag: str) -> Dossier:
        """End the work on a dossier.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it is not in work.
            PreconditionFailed: there is no result, or a charge is not paid.
        """
        before = self.dossiers.get(identity)
        access.check(unit=before.unit, resource=f"dossiers/{identity}")
        return self.dossiers.change(identity, command, lambda dossier: dossier.complete(command.time), etag=etag)

    def deliver(self, command: Command, access: Access, identity: str, etag: str) -> Dossier:
        """Hand the result over at the counter or by post; it is in the store of the person as well.

        Raises:
            NotFound: there is no such dossier in the caller's unit.
            IllegalTransition: it is not done, or handed over already.
        """
        before = self.dossiers.get(identity)
        access.check(unit=before.unit, resource=f"dossiers/{identity}")
        return self._deliver(command, identity, etag)

    def deliver_online(self, command: Command, identity: str) -> None:
        """Put the results of a completed dossier into the store of the person; runs in the background.

        When the applicant chose online delivery, that is the hand-over.
        """
        dossier = self.dossiers.get(identity)
        if dossier.delivery_method is DeliveryMethod.ONLINE and dossier.state is State.COMPLETED:
            self._deliver(command, identity, "")
        else:
            self._put_into_store(command, dossier)

    def _deliver(self, command: Command, identity: str, etag: str) -> Dossier:
        def mutate(dossier: Dossier) -> None:
            dossier.deliver(command.time)
            # Before the dossier says so: what it calls handed over is in the store.
            self._put_into_store(command, dossier)

        return self.dossiers.change(identity, command, mutate, etag=etag)

    def _put_into_store(self, command: Command, dossier: Dossier) -> None:
        for result in dossier.results:
            self.documents.change(
                result.document.removeprefix("documents/"),
                command.derived(result.document),
                lambda document: document.deliver(command.time),
            )

    def _keep(self, command: Command, dossier: Dossier, result: Result, document_id: str, upload_id: str) -> None:
        upload = dossier.upload(upload_id)
        document = Document(
            id=document_id,
            owner=dossier.applicant,
            dossier=f"dossiers/{dossier.id}",
            unit=dossier.unit,
            kind=DocumentKind.RESULT,
            form=result.kind,
            title=result.title,
            number=result.number,
            content_type=upload.content_type,
            size=upload.size,
            sha256=upload.sha256,
            key=upload_key(dossier.id, upload_id),
            stored_version=upload.stored_version,
        )
        keep_once(self.documents, document, command.derived("document"))


def keep_once(documents: Repository[Document], document: Document, command: Command) -> Document:
    """Save a document whose id follows from what it is; one that is there already is returned."""
    try:
        return documents.create(document, command)
    except AlreadyExists:
        return documents.get(document.id)


def document_of(dossier: str, part: str) -> str:
    """Return the id of the document that holds a part of a dossier: the same part, the same id."""
    return uuid.uuid5(uuid.UUID(dossier), part).hex
