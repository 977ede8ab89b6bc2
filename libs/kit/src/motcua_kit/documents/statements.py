"""Signed statements: JSON Web Signatures (RFC 7515, compact) that carry the signer's certificates (`x5c`).

The key is the one that signs documents, behind the same port (`motcua_kit.documents.sign.KeySource`). Reading a
statement needs neither that key nor pyHanko, and any JOSE library can do it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

if TYPE_CHECKING:
    from motcua_kit.documents.sign import KeySource

_CURVES = {"secp256r1": ("ES256", "sha256", 32), "secp384r1": ("ES384", "sha384", 48)}
_ALGORITHMS = ("ES256", "ES384", "RS256")
_MAX_CHAIN = 8


class _Registry(jws.JWSRegistry):
    """Headers carry certificates, so they are longer than those of tokens."""

    max_header_length = 64 * 1024


class StatementError(Exception):
    """A statement cannot be made with this key, or what was read is none; says why."""


@dataclass(frozen=True)
class Statement:
    """A statement whose signature fits the first of its certificates. Whether that one is trusted is another question.

    Attributes:
        payload: what is stated.
        certificates: the signer's, then those that issued it, without the root.
    """

    payload: bytes
    certificates: tuple[x509.Certificate, ...]

    @property
    def signer(self) -> str:
        """Name of the signer, as the certificate has it."""
        return self.certificates[0].subject.rfc4514_string()


def sign_statement(payload: bytes, key: KeySource, kind: str) -> str:
    """Return a signed statement.

    Args:
        payload: what is stated.
        key: signs it.
        kind: of the statement, its `typ`.

    Raises:
        StatementError: the key is neither ECDSA on P-256 or P-384 nor RSA.
        SigningKeyError: the key cannot be used.
    """
    signer = key.signer()
    own = signer.signing_cert
    if own is None:
        raise StatementError("the key has no certificate")
    issuers = [each for each in signer.cert_registry if each.self_signed == "no" and each != own]
    ders = [each.dump() for each in (own, *issuers)]
    algorithm, digest, size = _algorithm(x509.load_der_x509_certificate(ders[0]))
    header = {"alg": algorithm, "typ": kind, "x5c": [base64.b64encode(der).decode() for der in ders]}
    signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(payload)}"
    signature = asyncio.run(signer.async_sign_raw(signed.encode(), digest))
    if size:  # JOSE wants the two numbers, not their DER
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return f"{signed}.{_encoded(signature)}"


def read_statement(text: str, kind: str) -> Statement:
    """Read a statement and check its signature.

    Raises:
        StatementError: it is none of this kind, or what it states is not what was signed.
    """
    try:
        header = json.loads(_decoded(text.split(".", maxsplit=1)[0]))
        certificates = tuple(x509.load_der_x509_certificate(base64.b64decode(der)) for der in header["x5c"])
        public = certificates[0].public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        own = RSAKey.import_key(pem) if isinstance(public, rsa.RSAPublicKey) else ECKey.import_key(pem)
        read = jws.deserialize_compact(text, own, registry=_Registry(algorithms=_ALGORITHMS))
    except (JoseError, ValueError, KeyError, IndexError, TypeError) as error:
        raise StatementError(f"its signature does not fit ({type(error).__name__})") from error
    if header.get("typ") != kind:
        raise StatementError(f"it is not a {kind}")
    return Statement(read.payload, certificates)


def trusted_certificates(file: Path) -> list[x509.Certificate]:
    """Return the certificates in a PEM file.

    Raises:
        StatementError: there is none.
    """
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise StatementError(f"{file}: {error}") from error


def is_trusted(statement: Statement, trusted: Sequence[x509.Certificate], time: datetime) -> bool:
    """Tell whether the signer's certificate is one of the trusted, or leads to one, and all were valid at that time."""
    current = statement.certificates[0]
    for _ in range(_MAX_CHAIN):
        if not current.not_valid_before_utc <= time <= current.not_valid_after_utc:
            return False
        if current in trusted:
            return True
        issuer = next((each for each in (*trusted, *statement.certificates) if _issued(current, each)), None)
        if issuer is None or issuer == current:
            return False
        current = issuer
    return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False


def _algorithm(certificate: x509.Certificate) -> tuple[str, str, int]:
    """Return the name in JOSE, the digest, and the size of each number of the signature; 0 when it is not two."""
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return "RS256", "sha256", 0
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES:
        return _CURVES[public.curve.name]
    raise StatementError("statements are signed with ECDSA on P-256 or P-384, or with RSA")


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
