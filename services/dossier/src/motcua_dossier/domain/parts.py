"""Parts of a dossier: components, files, supplement, charges, slips, results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from motcua_dossier.domain.law import LegalReference

RESULT_COMPONENT = "result"
"""Component of uploads that are results and not papers of the applicant."""


class ComponentState(Enum):
    """Where a component stands."""

    MISSING = "missing"
    PENDING = "pending"
    PROVIDED = "provided"
    REUSED = "reused"
    FROM_FORM = "from_form"


SATISFIED = frozenset({ComponentState.PROVIDED, ComponentState.REUSED, ComponentState.FROM_FORM})


@dataclass
class Component:
    """A component of a dossier and where it comes from.

    Attributes:
        code: code inside the procedure.
        title: title in Vietnamese.
        required: whether this dossier needs it.
        state: where it stands.
        source: resource that is reused; empty otherwise.
    """

    code: str
    title: str
    required: bool
    state: ComponentState
    source: str = ""


class UploadState(Enum):
    """Where a file stands."""

    AWAITING = "awaiting"
    CHECKING = "checking"
    CHECKED = "checked"
    REJECTED = "rejected"


class Rejection(Enum):
    """Why a file was rejected."""

    SIZE_MISMATCH = "size_mismatch"
    HASH_MISMATCH = "hash_mismatch"
    TYPE_MISMATCH = "type_mismatch"
    MALWARE = "malware"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    TOO_MANY_PAGES = "too_many_pages"
    ACTIVE_CONTENT = "active_content"


@dataclass
class Upload:
    """One file.

    Attributes:
        id: id inside the dossier.
        component: component it belongs to, or `result`.
        filename: name that the sender gave it.
        content_type: media type declared.
        size: size in bytes declared.
        sha256: hash declared, 64 hex digits.
        create_time: when the place was prepared.
        state: where it stands.
        rejection: why it was rejected; None unless it was.
        finding: what the check found.
        check_time: when the check ended.
        stored_version: version of the bytes that was checked; only that one is ever read again.
        supplement: id of the supplement that it answers; empty when it came with the draft.
    """

    id: str
    component: str
    filename: str
    content_type: str
    size: int
    sha256: str
    create_time: datetime
    state: UploadState = UploadState.AWAITING
    rejection: Rejection | None = None
    finding: str = ""
    check_time: datetime | None = None
    stored_version: str = ""
    supplement: str = ""


@dataclass
class SupplementItem:
    """One thing that a supplement asks for."""

    component: str
    reason: str
    legal_reference: LegalReference


@dataclass
class Supplement:
    """What was asked for, at most once in the life of a dossier (NĐ 217/2026 Điều 54).

    Attributes:
        id: id inside the dossier.
        items: everything that is missing or wrong.
        requester: who asked.
        request_time: when.
        working_days: working days to answer.
        answer_by: end of the last day to answer.
        answer_time: when it was answered; None until then.
        note: what the applicant wrote.
        expired: whether the time ran out without an answer.
    """

    id: str
    items: list[SupplementItem]
    requester: str
    request_time: datetime
    working_days: int
    answer_by: datetime
    answer_time: datetime | None = None
    note: str = ""
    expired: bool = False


@dataclass
class Charge:
    """A charge of a dossier in VND."""

    code: str
    title: str
    amount_vnd: int
    paid: bool = False
    receipt_no: str = ""
    paid_time: datetime | None = None


@dataclass
class Slip:
    """A slip issued to the applicant; `document` holds it."""

    form: str
    number: str
    document: str
    issue_time: datetime


@dataclass
class Result:
    """A result of a dossier; `document` holds it."""

    kind: str
    title: str
    number: str
    document: str


@dataclass(frozen=True)
class Inspection:
    """What the check of a file found.

    Attributes:
        rejection: why it is rejected; None when everything is right.
        finding: what was found, for operators.
        stored_version: version of the bytes that was checked.
    """

    rejection: Rejection | None
    finding: str = ""
    stored_version: str = ""


@dataclass(frozen=True)
class HeldPaper:
    """A paper that the City holds and that stands for a component (once-only)."""

    component: str
    source: str


@dataclass(frozen=True)
class NewUpload:
    """What a sender declares about a file before sending it."""

    id: str
    component: str
    filename: str
    content_type: str
    size: int
    sha256: str

    def prepared(self, now: datetime, supplement: str) -> Upload:
        """Return the upload that waits for the bytes, as an answer to a supplement when one is named."""
        return Upload(
            self.id,
            self.component,
            self.filename,
            self.content_type,
            self.size,
            self.sha256,
            now,
            supplement=supplement,
        )
