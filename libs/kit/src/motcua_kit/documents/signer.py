"""The port through which documents are signed."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Signer(Protocol):
    """Puts a digital signature (chữ ký số, Luật Giao dịch điện tử 20/2023/QH15, Điều 22) on a document."""

    def sign(self, pdf: bytes, *, reason: str, location: str, time: datetime) -> bytes:
        """Return the document with a signature appended; the bytes given stay its prefix.

        Args:
            pdf: a document, as `render` returns it.
            reason: what the signature stands for, shown by PDF readers, e.g. the name and number of the permit.
            location: where the agency has its seat.
            time: aware time of signing, from the business clock.
        """
        ...
