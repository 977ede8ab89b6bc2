"""Which Secrets there are and what is in each, as data."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from motcua_ops.naming import OPS, SERVICES

PREFIX = "motcua"
CLIENT_SECRET = "CLIENT_SECRET"  # noqa: S105 - the name of a setting
CERTIFICATE, KEY, AUTHORITY = "tls.crt", "tls.key", "ca.crt"
SEED_FILE = "identity-seed.yaml"
CA = "ca"
"""The authority of the certificates; no pod mounts it."""

SEED = "seed"
TLS = "tls"


class Origin(StrEnum):
    """Where the value of a key comes from."""

    MADE = "made"
    """A random token, made here."""

    BROUGHT = "brought"
    """Somebody else decides it: a store's password, a certificate that counts in law."""

    OPTIONAL = "optional"
    """Brought as well, and left out when it is not."""

    DERIVED = "derived"
    """Made from other Secrets."""


@dataclass(frozen=True)
class SecretSpec:
    """One Secret.

    Attributes:
        kind: its name without the prefix.
        keys: origin of each key; a key is the name of a setting or of a file.
        type: Kubernetes' type.
    """

    kind: str
    keys: Mapping[str, Origin]
    type: str = "Opaque"

    @property
    def required(self) -> frozenset[str]:
        """Keys without which nothing starts."""
        return frozenset(key for key, origin in self.keys.items() if origin is not Origin.OPTIONAL)


def tls_kind(owner: str) -> str:
    """Kind of the Secret with a program's certificate."""
    return f"{owner}-{TLS}"


OWN: Mapping[str, Mapping[str, Origin]] = {
    "identity": {
        "SEALING_KEY": Origin.MADE,
        "EID_CLIENT_SECRET": Origin.BROUGHT,
        "ATTEMPTS_URL": Origin.OPTIONAL,
    },
    "notify": {"SMTP_PASSWORD": Origin.OPTIONAL, "SMS_TOKEN": Origin.OPTIONAL},
}
"""What a service keeps besides the secret of its OIDC client."""


def tls_spec(owner: str) -> SecretSpec:
    """The Secret with the certificate of a program."""
    return SecretSpec(
        tls_kind(owner), dict.fromkeys((CERTIFICATE, KEY, AUTHORITY), Origin.DERIVED), "kubernetes.io/tls"
    )


def specs(clients: Iterable[str] = ()) -> dict[str, SecretSpec]:
    """All Secrets of a release by kind, in the order in which they are shown.

    Args:
        clients: programs besides those of the suite that get a certificate.
    """
    return {spec.kind: spec for spec in (*_specs(), *map(tls_spec, clients))}


def _specs() -> Iterator[SecretSpec]:
    yield SecretSpec("mongodb", {"MONGODB_URI": Origin.BROUGHT})
    yield SecretSpec("broker", {"BROKER_URL": Origin.BROUGHT})
    yield SecretSpec(
        "object-store", {"OBJECT_STORE_ACCESS_KEY": Origin.BROUGHT, "OBJECT_STORE_SECRET_KEY": Origin.BROUGHT}
    )
    yield SecretSpec("page-tokens", {"PAGE_TOKEN_KEY": Origin.MADE})
    yield SecretSpec(
        "signing",
        dict.fromkeys(("key.pem", "certificate.pem", "chain.pem"), Origin.BROUGHT)
        | {"SIGNING_KEY_PASSPHRASE": Origin.OPTIONAL},
    )
    for service in SERVICES:
        yield SecretSpec(service, {CLIENT_SECRET: Origin.MADE, **OWN.get(service, {})})
    yield SecretSpec(OPS, {CLIENT_SECRET: Origin.MADE})
    yield SecretSpec(SEED, {SEED_FILE: Origin.DERIVED})
    yield SecretSpec(CA, {CERTIFICATE: Origin.DERIVED, KEY: Origin.DERIVED}, "kubernetes.io/tls")
    for owner in (*SERVICES, OPS):
        yield tls_spec(owner)
