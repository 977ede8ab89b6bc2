"""Documents of a person: slips and results (kho quản lý dữ liệu điện tử của tổ chức, cá nhân)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from motcua_kit.domain import Aggregate


class DocumentKind(Enum):
    """What a document is."""

    SLIP = "slip"
    RESULT = "result"


@dataclass(kw_only=True)
class Document(Aggregate):
    """A signed document.

    Attributes:
        owner: account it belongs to.
        dossier: dossier it came from.
        unit: unit that issued it.
        kind: slip or result.
        form: form number of a slip; what a result is.
        title: title as people read it.
        number: number of the paper.
        content_type: media type.
        size: size in bytes.
        sha256: hash of the bytes, 64 hex digits.
        key: key in the object store.
        stored_version: version of the bytes; only that one is read.
        delivery_time: when it was put into the store of the person; None until then.
    """

    owner: str
    dossier: str
    unit: str
    kind: DocumentKind
    form: str
    title: str
    number: str
    content_type: str
    size: int
    sha256: str
    key: str
    stored_version: str = ""
    delivery_time: datetime | None = None

    def deliver(self, now: datetime) -> None:
        """Put the document into the store of the person; doing it again changes nothing."""
        self.delivery_time = self.delivery_time or now

    def visible_to(self, reader: str) -> bool:
        """Tell whether the reader may see it: the owner only what was delivered."""
        return reader != self.owner or self.delivery_time is not None
