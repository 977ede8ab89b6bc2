"""The papers of a dossier: its components and the files behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from motcua_dossier.domain.conditions import Form
from motcua_dossier.domain.parts import (
    SATISFIED,
    Component,
    ComponentState,
    HeldPaper,
    Inspection,
    NewUpload,
    Supplement,
    Upload,
    UploadState,
)
from motcua_dossier.domain.procedure import Procedure, ProcedureComponent
from motcua_kit.domain import FieldViolation, NotFound, PreconditionFailed, ValidationFailed

MAX_UPLOADS = 200
"""Most files that one dossier may ever have."""

WITHOUT_FILES = frozenset({ComponentState.REUSED, ComponentState.FROM_FORM})
"""States of components that no file stands behind."""


@dataclass
class Papers:
    """Components and files, kept in agreement: where a component stands follows from its files.

    Attributes:
        components: what the procedure consists of.
        uploads: files, also those of results.
    """

    components: list[Component] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)

    @classmethod
    def of(cls, procedure: Procedure, form: Form) -> Papers:
        """Return the papers of a new draft: nothing is there but what the form itself is."""
        return cls(
            [
                Component(
                    component.code,
                    component.title.vi,
                    component.required_for(form),
                    ComponentState.FROM_FORM if component.from_form else ComponentState.MISSING,
                )
                for component in procedure.components
            ]
        )

    def component(self, code: str) -> Component:
        """Return a component.

        Raises:
            ValidationFailed: there is none of that code.
        """
        for component in self.components:
            if component.code == code:
                return component
        raise ValidationFailed("COMPONENT_UNKNOWN", f"there is no component {code}", component=code)

    def upload(self, upload_id: str) -> Upload:
        """Return a file.

        Raises:
            NotFound: there is none of that id.
        """
        for upload in self.uploads:
            if upload.id == upload_id:
                return upload
        raise NotFound("UPLOAD_NOT_FOUND", "no such upload", upload=upload_id)

    def require_by(self, procedure: Procedure, form: Form) -> None:
        """Note which components a dossier with this form needs."""
        for component in self.components:
            component.required = procedure.component(component.code).required_for(form)

    # ── papers of the City ─────────────────────────────────────────────────────────────────────────────────────

    def link(self, held: Iterable[HeldPaper]) -> None:
        """Link the papers that registers hold, and only those; documents that the person chose stay linked."""
        sources = {paper.component: paper.source for paper in held}
        for component in self.components:
            if component.code in sources:
                component.state, component.source = ComponentState.REUSED, sources[component.code]
            elif component.state is ComponentState.REUSED and not component.source.startswith("documents/"):
                component.state, component.source = ComponentState.MISSING, ""
        self._settle()

    def hand_in(self, codes: Iterable[str]) -> None:
        """Note which components were handed in elsewhere, before the City kept files here.

        Raises:
            ValidationFailed: there is no such component.
        """
        for code in codes:
            self.component(code).state = ComponentState.PROVIDED

    def reuse(self, rule: ProcedureComponent, source: str, kind: str) -> None:
        """Let a paper of the City stand for a component.

        Args:
            rule: the component in the procedure.
            source: the paper.
            kind: kind of the result, when the paper is a document of the person.

        Raises:
            PreconditionFailed: the component cannot be taken from there.
        """
        component = self.component(rule.code)
        if not rule.takes(source, kind):
            raise PreconditionFailed(
                "COMPONENT_NOT_REUSABLE", f"{rule.code} cannot be taken from {source}", component=component.title
            )
        component.state, component.source = ComponentState.REUSED, source

    def require_not_held(self, code: str) -> None:
        """Let nobody ask for what the City holds (once-only, NĐ 118/2025 Điều 4).

        Raises:
            PreconditionFailed: the City holds it.
            ValidationFailed: there is no such component.
        """
        component = self.component(code)
        if component.state is ComponentState.REUSED:
            raise PreconditionFailed(
                "COMPONENT_HELD_BY_CITY",
                f"the City holds {code} and may not ask for it",
                component=component.title,
                source=component.source,
            )

    # ── files ──────────────────────────────────────────────────────────────────────────────────────────────────

    def prepare(self, rule: ProcedureComponent, new: NewUpload, supplement: str, now: datetime) -> Upload:
        """Prepare a place for a file of the applicant.

        Raises:
            PreconditionFailed: the City holds the component, or it has as many files as it takes.
            ValidationFailed: the component does not take such a file.
        """
        self.require_not_held(rule.code)
        title = rule.title.vi
        if new.content_type not in rule.media_types:
            raise _bad_upload("FILE_TYPE_NOT_ALLOWED", "content_type", component=title, content_type=new.content_type)
        if new.size > rule.max_size:
            raise _bad_upload("FILE_TOO_LARGE", "size", component=title, max_size=str(rule.max_size))
        live = [one for one in self._files(rule.code) if one.state is not UploadState.REJECTED]
        if len(live) >= rule.max_files or len(self.uploads) >= MAX_UPLOADS:
            raise PreconditionFailed(
                "TOO_MANY_FILES",
                f"{rule.code} takes {rule.max_files} files",
                component=title,
                max_files=str(rule.max_files),
            )
        return self.add(new, supplement, now)

    def add(self, new: NewUpload, supplement: str, now: datetime) -> Upload:
        """Prepare a place for a file that nothing more is asked of; preparing it again changes nothing."""
        if there := next((one for one in self.uploads if one.id == new.id), None):
            return there
        upload = new.prepared(now, supplement)
        self.uploads.append(upload)
        self._settle()
        return upload

    def finalize(self, upload_id: str) -> bool:
        """Note that the bytes of a file have been sent; tell whether that is news.

        Raises:
            NotFound: there is no such upload.
        """
        upload = self.upload(upload_id)
        if upload.state is not UploadState.AWAITING:
            return False
        upload.state = UploadState.CHECKING
        self._settle()
        return True

    def settle(self, upload_id: str, inspection: Inspection, now: datetime) -> None:
        """Note what the check of a file found; a file is settled once.

        Raises:
            NotFound: there is no such upload.
        """
        upload = self.upload(upload_id)
        if upload.state in (UploadState.CHECKED, UploadState.REJECTED):
            return
        upload.state = UploadState.CHECKED if inspection.rejection is None else UploadState.REJECTED
        upload.rejection, upload.finding, upload.check_time = inspection.rejection, inspection.finding, now
        upload.stored_version = inspection.stored_version
        self._settle()

    def drop_unsent(self, until: datetime | None = None) -> None:
        """Forget places that were prepared, until a time when one is given, and never filled."""
        self.uploads = [
            upload
            for upload in self.uploads
            if upload.state is not UploadState.AWAITING or (until is not None and upload.create_time > until)
        ]
        self._settle()

    # ── completeness ───────────────────────────────────────────────────────────────────────────────────────────

    def require_complete(self) -> None:
        """Let only papers pass in which nothing required is missing, unchecked or rejected.

        Raises:
            PreconditionFailed: a component is missing, or a file of it is not checked or was rejected.
        """
        self._require_settled(self.components)
        for component in self.components:
            if component.required and component.state not in SATISFIED:
                raise PreconditionFailed(
                    "COMPONENT_MISSING", f"component {component.code} is missing", component=component.title
                )

    def require_answer(self, supplement: Supplement, *, form_changed: bool) -> None:
        """Let only papers pass in which everything that a supplement asks for came after it and is checked.

        Raises:
            PreconditionFailed: something is still missing, or not checked.
        """
        asked = [self.component(item.component) for item in supplement.items]
        self._require_settled(asked)
        for component in asked:
            match component.state:
                case ComponentState.REUSED:
                    answered = True
                case ComponentState.FROM_FORM:
                    answered = form_changed
                case _:
                    answered = any(
                        upload.supplement == supplement.id and upload.state is UploadState.CHECKED
                        for upload in self._files(component.code)
                    )
            if not answered:
                raise PreconditionFailed(
                    "SUPPLEMENT_INCOMPLETE", f"{component.code} was not provided", component=component.title
                )

    def _require_settled(self, components: Iterable[Component]) -> None:
        for component in components:
            states = {upload.state for upload in self._files(component.code)}
            if UploadState.CHECKING in states:
                raise PreconditionFailed(
                    "UPLOAD_NOT_CHECKED", f"a file of {component.code} is being checked", component=component.title
                )
            if component.required and UploadState.REJECTED in states and UploadState.CHECKED not in states:
                raise PreconditionFailed(
                    "UPLOAD_REJECTED", f"the file of {component.code} was rejected", component=component.title
                )

    def _settle(self) -> None:
        for component in self.components:
            if component.state in WITHOUT_FILES:
                continue
            states = {upload.state for upload in self._files(component.code)}
            if UploadState.CHECKED in states:
                component.state = ComponentState.PROVIDED
            elif states:
                component.state = ComponentState.PENDING
            elif component.state is not ComponentState.PROVIDED:  # without a file here: handed in elsewhere
                component.state = ComponentState.MISSING

    def _files(self, code: str) -> list[Upload]:
        return [upload for upload in self.uploads if upload.component == code]


def _bad_upload(reason: str, field_name: str, **metadata: str) -> ValidationFailed:
    message = f"the component does not take this {field_name}"
    return ValidationFailed(reason, message, [FieldViolation(field_name, reason, message)], **metadata)
