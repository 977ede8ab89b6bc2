"""A signing key for the local profile and for tests: a root and a signer, made on the spot, worth nothing in law."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SAMPLE_MARK = "MẪU THỬ - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"
"""Organisational unit of every sample certificate: "sample, without legal value"."""

_VALID = timedelta(days=3650)
_BEFORE = timedelta(days=1)


class SampleKey(NamedTuple):
    """The PEM files: private key, its certificate, and the root that issued it."""

    key_file: Path
    certificate_file: Path
    chain_file: Path


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, SAMPLE_MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, issuer: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not issuer,
        content_commitment=not issuer,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issuer,
        crl_sign=issuer,
        encipher_only=False,
        decipher_only=False,
    )


def write_sample_key(
    folder: Path, *, common_name: str, organisation: str, time: datetime, passphrase: str = ""
) -> SampleKey:
    """Make a root and a signing key under it (ECDSA P-256, valid for ten years) and write them as PEM files.

    Args:
        folder: gets `key.pem`, `certificate.pem` and `chain.pem`; made when missing. The key of the root is not kept.
        common_name: of the signer, shown by PDF readers.
        organisation: the signer's agency.
        time: aware; the certificates are valid from one day earlier on.
        passphrase: encrypts the key when not empty.
    """
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name("Motcua sample root", organisation)

    def certificate(subject: x509.Name, of: ec.EllipticCurvePublicKey, *, issuer: bool) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(of)
            .serial_number(x509.random_serial_number())
            .not_valid_before(time - _BEFORE)
            .not_valid_after(time + _VALID)
            .add_extension(x509.BasicConstraints(ca=issuer, path_length=0 if issuer else None), critical=True)
            .add_extension(_usage(issuer=issuer), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(of), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )

    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    folder.mkdir(parents=True, exist_ok=True)
    written = SampleKey(folder / "key.pem", folder / "certificate.pem", folder / "chain.pem")
    written.key_file.touch(mode=0o600)
    written.key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    pem = serialization.Encoding.PEM
    written.certificate_file.write_bytes(
        certificate(_name(common_name, organisation), key.public_key(), issuer=False).public_bytes(pem)
    )
    written.chain_file.write_bytes(certificate(root_name, root_key.public_key(), issuer=True).public_bytes(pem))
    return written
