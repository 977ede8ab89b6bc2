"""Secrets of a stack on this machine: made at its first start, kept in files that only their owner can read."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_YEARS, SIGNER_YEARS = 10, 3
YEAR = timedelta(days=365)
CITY = "Thành phố Hồ Chí Minh (thử nghiệm trên một máy)"
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")


@dataclass(frozen=True)
class SigningFiles:
    """PEM files of the key that signs documents.

    Attributes:
        key: private key (P-256).
        certificate: its certificate.
        chain: certificates of those who issued it, up to the root.
    """

    key: Path
    certificate: Path
    chain: Path


class Vault:
    """Named secrets in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def token(self, name: str) -> str:
        """A random secret of 43 characters."""
        return self._once(name, lambda: secrets.token_urlsafe(32))

    def totp_seed(self, name: str) -> str:
        """A Base32 seed for time-based one-time passwords."""
        return self._once(name, pyotp.random_base32)

    def _once(self, name: str, make: Callable[[], str]) -> str:
        file = self.folder / name
        if not file.exists():
            _write(file, make().encode())
        return file.read_text()

    def signing(self) -> SigningFiles:
        """The key that signs documents, under a root of this machine's own."""
        files = SigningFiles(*(self.folder / f"signing-{part}.pem" for part in ("key", "certificate", "chain")))
        if not files.chain.exists():  # written last
            _make_signing(files)
        return files


def _write(file: Path, content: bytes) -> None:
    """Write a whole file that only its owner can read, or none."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(file)


def _make_signing(files: SigningFiles) -> None:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, name = _name("Motcua – CA gốc thử nghiệm"), _name("Motcua – Ký số văn bản thử nghiệm")
    now = datetime.now(UTC)
    root = (
        _builder(root_name, root_name, root_key.public_key(), now, ROOT_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_documents=False), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    usages = [DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    certificate = (
        _builder(name, root_name, key.public_key(), now, SIGNER_YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_documents=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    _write(files.key, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    _write(files.certificate, certificate.public_bytes(pem))
    _write(files.chain, root.public_bytes(pem))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, CITY),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, years: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + years * YEAR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_documents: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_documents,
        content_commitment=signs_documents,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_documents,
        crl_sign=not signs_documents,
        encipher_only=False,
        decipher_only=False,
    )
