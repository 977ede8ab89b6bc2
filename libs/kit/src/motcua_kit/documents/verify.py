"""Verification of the signature on a PDF document, offline."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext


class NotSigned(Exception):
    """The file carries no signature that could be read."""


@dataclass(frozen=True)
class SignatureReport:
    """What the last signature of a document says. Decide by `bottom_line`; the rest says why.

    Attributes:
        bottom_line: intact, trusted, over the entire file and signed with a key meant for it.
        intact: no signed byte has changed.
        trusted: the certificate leads to one of the roots and was valid at the time asked for.
        entire_file: nothing was added after the signature.
        signer: common name of the signer's certificate.
        time: when the signer says it was signed; nobody else vouches for it (level B-B has no time stamp).
        reason: what the signer says it was signed for.
    """

    bottom_line: bool
    intact: bool
    trusted: bool
    entire_file: bool
    signer: str
    time: datetime | None
    reason: str


def verify(pdf: bytes, roots: Path, *, time: datetime) -> SignatureReport:
    """Check the last signature of a document; it covers all earlier ones.

    Args:
        pdf: the document.
        roots: PEM file with the certificates that are trusted.
        time: aware time at which the certificate must be valid.

    Raises:
        NotSigned: there is no signature, or the file cannot be read as PDF.
    """
    trusted = list(load_certs_from_pemder([str(roots)]))  # type: ignore[no-untyped-call]
    context = ValidationContext(trust_roots=trusted, moment=time, allow_fetching=False)
    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
        if not signatures:
            raise NotSigned("the document carries no signature")
        last = signatures[-1]
        status = validate_pdf_signature(last, context)
    except (PdfReadError, SigningError, SignatureValidationError) as error:
        raise NotSigned(f"no readable signature: {error}") from error
    entire_file = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    return SignatureReport(
        # pyHanko calls an altered file "valid" when its signature value is well-formed, hence all conditions at once.
        bottom_line=bool(status.bottom_line and status.intact and status.trusted and entire_file),
        intact=status.intact,
        trusted=status.trusted,
        entire_file=entire_file,
        signer=str(status.signing_cert.subject.native.get("common_name", "")),
        time=status.signer_reported_dt,
        reason=str(last.sig_object.get("/Reason", "")),
    )
