"""Files: sent straight to the object store, checked in the background, opened only when found right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from motcua_dossier.application.ports import AccessLog, Inspector, ObjectStore, Procedures, Repository, UploadForm
from motcua_dossier.application.sweeping import sweep
from motcua_dossier.domain.calendar import city_date
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.parts import RESULT_COMPONENT, NewUpload, Upload, UploadState
from motcua_dossier.domain.procedure import Procedure
from motcua_kit.access import Access
from motcua_kit.clock import Clock
from motcua_kit.command import Command
from motcua_kit.domain import NotFound, PreconditionFailed, StaleVersion

UPLOAD_EXPIRES = timedelta(minutes=30)
DOWNLOAD_EXPIRES = timedelta(minutes=5)
BATCH = 500
"""Dossiers that one run of the schedule changes."""


def upload_key(dossier: str, upload: str) -> str:
    """Return the key of a file in the object store."""
    return f"dossiers/{dossier}/uploads/{upload}"


@dataclass(frozen=True)
class PreparedUpload:
    """A place for a file and the form that fills it."""

    dossier: str
    upload: Upload
    form: UploadForm


@dataclass(frozen=True)
class Link:
    """A link to bytes, for a short time."""

    uri: str
    sha256: str
    expire_time: datetime


@dataclass(frozen=True)
class Files:
    """Commands and queries on files of dossiers.

    Attributes:
        unsent_kept: how long a place waits for its file; longer than the form that fills it lives.
    """

    dossiers: Repository[Dossier]
    procedures: Procedures
    objects: ObjectStore
    inspector: Inspector
    log: AccessLog
    clock: Clock
    unsent_kept: timedelta

    def create(self, command: Command, access: Access, identity: str, new: NewUpload) -> PreparedUpload:
        """Prepare the upload of a file of the applicant.

        Raises:
            NotFound: there is no such dossier that the caller may change.
            PreconditionFailed: the City holds the component already.
            ValidationFailed: the component does not take such a file.
        """
        before = self.dossiers.get(identity)
        access.check(owner=before.applicant, unit=before.unit, resource=f"dossiers/{identity}")
        procedure = self._procedure_of(before)
        return self._prepare(command, new, before, lambda dossier: dossier.prepare_upload(procedure, new, command.time))

    def create_result(self, command: Command, access: Access, identity: str, new: NewUpload) -> PreparedUpload:
        """Prepare the upload of a result.

        Raises:
            NotFound: there is no such dossier that the caller may change.
            IllegalTransition: the dossier is not being processed.
        """
        before = self.dossiers.get(identity)
        access.check(owner=before.applicant, unit=before.unit, resource=f"dossiers/{identity}")
        return self._prepare(command, new, before, lambda dossier: dossier.prepare_result(new, command.time))

    def finalize(self, command: Command, access: Access, identity: str, upload_id: str) -> Dossier:
        """Take note that the bytes of a file have been sent; they are checked in the background.

        Raises:
            NotFound: there is no such upload that the caller may change.
            PreconditionFailed: no bytes have arrived.
        """
        before = self.dossiers.get(identity)
        access.check(owner=before.applicant, unit=before.unit, resource=f"dossiers/{identity}")
        upload = before.upload(upload_id)
        if upload.component == RESULT_COMPONENT:
            raise NotFound("UPLOAD_NOT_FOUND", "results are attached, not finalised", upload=upload_id)
        try:
            self.objects.stat(upload_key(identity, upload_id))
        except NotFound as absent:
            raise PreconditionFailed(
                "UPLOAD_INCOMPLETE", "no bytes have arrived", upload=upload_id, filename=upload.filename
            ) from absent
        return self.dossiers.change(identity, command, lambda dossier: dossier.finalize_upload(upload_id))

    def check(self, command: Command, identity: str, upload_id: str) -> None:
        """Check a file that has been sent, and note what was found. Runs in the background."""
        try:
            upload = self.dossiers.get(identity).upload(upload_id)
        except NotFound:
            return  # the draft was deleted meanwhile
        if upload.state in (UploadState.CHECKED, UploadState.REJECTED):
            return
        inspection = self.inspector.inspect(upload_key(identity, upload_id), upload)
        self.dossiers.change(
            identity, command, lambda dossier: dossier.settle_upload(upload_id, inspection, command.time)
        )

    def download(self, access: Access, identity: str, upload_id: str) -> Link:
        """Return a link to a file that was found right.

        Raises:
            NotFound: there is no such upload that the caller may see.
            PreconditionFailed: the file is not checked, or was rejected.
        """
        dossier = self.dossiers.get(identity)
        access.check(
            owner=dossier.applicant, unit=dossier.unit, assignee=dossier.handler, resource=f"dossiers/{identity}"
        )
        upload = dossier.upload(upload_id)
        if upload.state is not UploadState.CHECKED:
            raise PreconditionFailed("UPLOAD_NOT_CHECKED", "the file is not checked", component=upload.filename)
        self.log.record_call(
            person=dossier.applicant,
            purpose="dossier.read",
            resource=f"dossiers/{identity}/uploads/{upload_id}",
            fields=["upload"],
        )
        uri = self.objects.presign_get(
            upload_key(identity, upload_id), upload.filename, DOWNLOAD_EXPIRES, version=upload.stored_version
        )
        return Link(uri, upload.sha256, self.clock() + DOWNLOAD_EXPIRES)

    def drop_unsent(self, command: Command) -> int:
        """Forget places for files that nobody finalised in time; return in how many dossiers. Runs on a schedule.

        The bytes, if any were sent, are then leftovers of the object store.

        Raises:
            ExceptionGroup: some dossiers could not be changed; the others are.
        """
        until = command.time - self.unsent_kept
        unsent = {"state": UploadState.AWAITING.value, "create_time": {"$lte": until}}
        # What the match says is said again in the words of the index, which not every planner finds inside.
        in_index = {f"papers.uploads.{name}": value for name, value in unsent.items()}
        late = self.dossiers.find({**in_index, "papers.uploads": {"$elemMatch": unsent}}, limit=BATCH)

        def drop(dossier: Dossier) -> None:
            try:
                self.dossiers.change(
                    dossier.id,
                    command.because("tệp không được gửi xong trong thời hạn"),
                    lambda fresh: fresh.drop_unsent_uploads(until),
                    etag=dossier.etag,
                    known=dossier,
                )
            except StaleVersion:
                return  # somebody is at work on it, perhaps on that very file; the next run looks again

        return sweep(late, drop)

    def _prepare(
        self, command: Command, new: NewUpload, before: Dossier, add: Callable[[Dossier], Upload]
    ) -> PreparedUpload:
        form = self.objects.presign_post(upload_key(before.id, new.id), new.size, new.content_type, UPLOAD_EXPIRES)

        def prepared(dossier: Dossier) -> PreparedUpload:
            return PreparedUpload(dossier.id, dossier.upload(new.id), form)

        def mutate(dossier: Dossier) -> None:
            add(dossier)

        # The repository keeps the reply in the same write; this reply holds the form besides the dossier's upload.
        with_form = replace(command, encode_reply=lambda dossier: command.encode_reply(prepared(dossier)))
        return prepared(self.dossiers.change(before.id, with_form, mutate))

    def _procedure_of(self, dossier: Dossier) -> Procedure:
        if dossier.procedure_version:
            return self.procedures.version(dossier.procedure, dossier.procedure_version)
        return self.procedures.current(dossier.procedure, city_date(self.clock()))
