"""Secrets and certificates: are they there, whole, and valid for long enough? Values are never shown."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from motcua_ops.doctor.context import Context
from motcua_ops.doctor.findings import Finding, fail, ok, warn
from motcua_ops.doctor.references import references
from motcua_ops.naming import SERVICES
from motcua_ops.secrets.catalogue import AUTHORITY, CERTIFICATE, KEY
from motcua_ops.secrets.cluster import SecretStore

SOON = timedelta(days=30)
GUIDE = "docs/how-to/rotate-secrets.md"
PAIRS = ((CERTIFICATE, KEY, AUTHORITY), ("certificate.pem", "key.pem", "chain.pem"))
"""Certificate, its key and who issued it, as keys of a Secret."""


def secrets(context: Context) -> Iterator[Finding]:
    """Is each Secret there that a pod mounts, with its keys?"""
    wanted = references(context)
    there = SecretStore(context.kubernetes, context.release.namespace).read(wanted)
    whole = 0
    for name, reference in wanted.items():
        lacking = sorted(reference.keys - there.get(name, {}).keys())
        empty = sorted(key for key in reference.keys & there.get(name, {}).keys() if not there[name][key].strip())
        if name not in there and not reference.optional:
            yield fail(name, "the Secret is missing", f"motcua secrets --apply, or bring it: {GUIDE}")
        elif lacking:
            yield fail(
                name, f"keys are missing: {', '.join(lacking)}", f"motcua secrets --apply, or bring them: {GUIDE}"
            )
        elif empty:
            yield fail(name, f"keys are empty: {', '.join(empty)}", f"give them values: {GUIDE}")
        elif name in there:
            whole += 1
    if whole:
        yield ok(f"{whole} Secrets", "are there with the keys that pods mount")


def certificates(context: Context) -> Iterator[Finding]:
    """Are certificates valid, for the right names, under their authority, with their keys?"""
    wanted = references(context)
    there = SecretStore(context.kubernetes, context.release.namespace).read(wanted)
    for name, values in there.items():
        served = wanted[name].services & set(SERVICES)
        hosts = {f"{context.release.service(service)}.{context.release.namespace}.svc" for service in served}
        for names in PAIRS:
            if names[0] in values:
                yield judge_certificate(name, values, names, hosts if names[0] == CERTIFICATE else set())


def mounted(context: Context) -> Iterator[Finding]:
    """The same for the certificate that this process has mounted."""
    settings = context.settings
    files = (settings.tls_certificate_file, settings.tls_key_file, settings.tls_ca_file)
    names = PAIRS[0]
    values = {name: Path(file).read_bytes() for name, file in zip(names, files, strict=True) if file}
    yield judge_certificate(str(files[0]), values, names, set())


def judge_certificate(
    subject: str, values: Mapping[str, bytes], names: tuple[str, str, str], hosts: set[str]
) -> Finding:
    """Judge one certificate.

    Args:
        subject: where it lies.
        values: PEM by key of the Secret.
        names: keys of certificate, private key and authorities.
        hosts: names that must stand in it.
    """
    advice = f"replace it: {GUIDE}"
    certificate_name, key_name, chain_name = names
    try:
        certificate = x509.load_pem_x509_certificates(values[certificate_name])[0]
        authorities = x509.load_pem_x509_certificates(values.get(chain_name, b""))
        matches = _key_matches(certificate, values[key_name])
    except (ValueError, KeyError) as error:
        return fail(subject, f"cannot be read: {error}", advice)
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    lacking = hosts - _names(certificate)
    faults = (
        ("" if matches else f"{key_name} is not the key of {certificate_name}"),
        ("" if left > timedelta() else f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"),
        (f"is not for {', '.join(sorted(lacking))}" if lacking else ""),
        ("" if any(_issued(certificate, each) for each in authorities) else f"was not issued by any in {chain_name}"),
    )
    if any(faults):
        return fail(subject, "; ".join(filter(None, faults)), advice)
    text = f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
    if left < SOON:
        return warn(subject, f"{text}: {left.days} days left", advice)
    return ok(subject, f"{text}, key and issuer match")


def _key_matches(certificate: x509.Certificate, key: bytes) -> bool:
    if b"ENCRYPTED" in key:
        return True  # only the pod has the passphrase
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    own = serialization.load_pem_private_key(key, None).public_key().public_bytes(*form)
    return own == certificate.public_key().public_bytes(*form)


def _names(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return set(names.get_values_for_type(x509.DNSName))


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
