"""PAdES signatures (ETSI EN 319 142-1, level B-B) on PDF documents.

The key is behind `KeySource`: `FileKey` reads PEM files. A hardware module is another key source whose `signer` returns
a `pyhanko.sign.pkcs11.PKCS11Signer` of an open session; nothing else changes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import serialization
from pyhanko.keys import load_cert_from_pemder, load_certs_from_pemder, load_private_key_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import Signer as CmsSigner
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

_FIELD = "Signature"


class SigningKeyError(Exception):
    """The key or its certificates cannot be used; says which file and why."""


class KeySource(Protocol):
    """Where the private key lives."""

    def signer(self) -> CmsSigner:
        """Return a signer that holds the key, its certificate and the issuers.

        Raises:
            SigningKeyError: there is no usable key.
        """
        ...


@dataclass(frozen=True)
class FileKey:
    """A key in a PEM file.

    Attributes:
        key_file: private key, PKCS#8, encrypted when there is a passphrase.
        certificate_file: certificate of that key.
        chain_file: issuing certificates up to the root.
        passphrase: of the key; empty when it has none.
    """

    key_file: Path
    certificate_file: Path
    chain_file: Path
    passphrase: str = field(default="", repr=False)

    def signer(self) -> CmsSigner:
        """See `KeySource.signer`; the files are read anew, so that a renewed certificate is taken up."""
        try:
            key = load_private_key_from_pemder(str(self.key_file), self.passphrase.encode() or None)
            public = serialization.load_der_private_key(key.dump(), password=None).public_key()
        except (OSError, ValueError, TypeError) as error:
            raise SigningKeyError(f"{self.key_file}: {error}") from error
        try:
            certificate = load_cert_from_pemder(str(self.certificate_file))  # type: ignore[no-untyped-call]
            issuers = SimpleCertificateStore.from_certs(load_certs_from_pemder([str(self.chain_file)]))  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise SigningKeyError(f"{self.certificate_file} or {self.chain_file}: {error}") from error
        spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        if spki != certificate.public_key.dump():
            raise SigningKeyError(f"{self.certificate_file} is not the certificate of {self.key_file}")
        # Who verifies has the root already, or has no reason to believe the one that comes with the document.
        return SimpleSigner(certificate, key, issuers, embed_roots=False)


class _TimedSigner(PdfSigner):
    """Takes the time of signing from the business clock; pyHanko alone would ask the machine."""

    def __init__(self, metadata: PdfSignatureMetadata, signer: CmsSigner, time: datetime) -> None:
        super().__init__(metadata, signer)
        self._time = time

    def init_signing_session(
        self,
        pdf_out: BasePdfFileWriter,
        existing_fields_only: bool = False,  # noqa: FBT001, FBT002 - pyHanko's signature
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._time
        return session


@dataclass(frozen=True)
class PadesSigner:
    """Signs with PAdES B-B: the signature covers the whole file and has no picture on the page."""

    key: KeySource

    def sign(self, pdf: bytes, *, reason: str, location: str, time: datetime) -> bytes:
        """See `motcua_kit.documents.signer.Signer.sign`.

        Raises:
            SigningKeyError: the key cannot be used.
        """
        metadata = PdfSignatureMetadata(_FIELD, subfilter=SigSeedSubFilter.PADES, reason=reason, location=location)
        out = io.BytesIO()
        _TimedSigner(metadata, self.key.signer(), time).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
        return out.getvalue()
