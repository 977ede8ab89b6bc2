"""Complete the contents of all Secrets: what exists stays, what is missing is made or taken from what was given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from motcua_ops.errors import OpsError
from motcua_ops.naming import OPS, SERVICES, WITH_HTTP, Release
from motcua_ops.secrets import catalogue, seed
from motcua_ops.secrets.authority import Authority, KeyPair
from motcua_ops.secrets.catalogue import Origin, SecretSpec
from motcua_ops.secrets.seed import Seed

Contents = dict[str, dict[str, bytes]]
"""Value of each key, by kind of Secret."""


@dataclass(frozen=True)
class Order:
    """What is to be made.

    Attributes:
        release: whose names stand in certificates.
        now: aware; the start of certificates.
        given: what only the operator can bring, by key.
        seed: clients and officers besides those that the suite needs itself.
        clients: programs besides those of the suite that get a certificate.
    """

    release: Release
    now: datetime
    given: Mapping[str, bytes] = field(default_factory=dict)
    seed: Seed = field(default_factory=Seed)
    clients: tuple[str, ...] = ()


def complete(order: Order, existing: Mapping[str, Mapping[str, bytes]]) -> Contents:
    """Return the contents of all Secrets. No value that exists is changed, unless it is derived from one that is.

    Args:
        order: what is to be made.
        existing: contents of the Secrets that are there, by kind.

    Raises:
        OpsError: something is missing that only the operator can bring; names all of it.
    """
    specs = catalogue.specs(order.clients)
    contents = {kind: dict(existing.get(kind, {})) for kind in specs}
    missing = [
        f"{key} (Secret {kind})" for kind, spec in specs.items() for key in _fill(spec, contents[kind], order.given)
    ]
    if missing:
        raise OpsError("only you can bring these: " + ", ".join(missing))
    contents[catalogue.SEED] = _seed(order, contents)
    _certify(order, contents)
    return contents


def changed(contents: Contents, existing: Mapping[str, Mapping[str, bytes]]) -> Contents:
    """Return the Secrets that are not in the cluster as they should be."""
    return {kind: keys for kind, keys in contents.items() if keys != existing.get(kind)}


def _fill(spec: SecretSpec, values: dict[str, bytes], given: Mapping[str, bytes]) -> Iterator[str]:
    """Fill in what can be had and yield the keys that cannot."""
    for key, origin in spec.keys.items():
        if key in values or origin is Origin.DERIVED:
            continue
        if origin is Origin.MADE:
            values[key] = seed.token()
        elif key in given:
            values[key] = given[key]
        elif origin is Origin.BROUGHT:
            yield key


def _seed(order: Order, contents: Contents) -> dict[str, bytes]:
    before = contents[catalogue.SEED]
    own = seed.clients({name: _client_secrets(contents, name) for name in (*SERVICES, OPS)})
    known = Seed.read(before.get(catalogue.SEED_FILE, b""), before)
    # The services' own secrets are the truth; the seed follows them.
    whole = own.with_more(known).with_more(order.seed)
    return {catalogue.SEED_FILE: whole.text(), **whole.complete()}


def _client_secrets(contents: Contents, client: str) -> bytes:
    """What the seed says of a client: its secret and, while that is rotated, the former one on a second line."""
    secret = contents[client][catalogue.CLIENT_SECRET]
    known = contents[catalogue.SEED].get(seed.client_file(client), b"")
    return known if known.splitlines()[:1] == [secret] else secret


def _certify(order: Order, contents: Contents) -> None:
    owners = (*SERVICES, OPS, *order.clients)
    lacking = [owner for owner in owners if not contents[catalogue.tls_kind(owner)]]
    if not lacking:
        if not contents[catalogue.CA]:
            del contents[catalogue.CA]  # somebody else issues the certificates
        return
    authority = _authority(contents, order.now, others=any(contents[catalogue.tls_kind(owner)] for owner in owners))
    for owner in lacking:
        pair = authority.issue(owner, hosts(order.release, owner), order.now)
        contents[catalogue.tls_kind(owner)] = tls(pair, authority.pair.certificate)


def _authority(contents: Contents, now: datetime, *, others: bool) -> Authority:
    ca = contents[catalogue.CA]
    if not ca:
        if others:
            raise OpsError(
                "some certificates exist, but not the authority that issued them (Secret ca): make the missing ones "
                "where the others come from, or delete all Secrets that end in -tls and start anew"
            )
        made = Authority.make(now)
        ca |= {catalogue.CERTIFICATE: made.pair.certificate, catalogue.KEY: made.pair.key}
    return Authority(KeyPair(ca[catalogue.CERTIFICATE], ca[catalogue.KEY]))


def hosts(release: Release, owner: str) -> tuple[str, ...]:
    """DNS names in a program's certificate; none for one that only calls."""
    if owner not in SERVICES:
        return ()
    ends = [release.service(owner), *([release.http(owner)] if owner in WITH_HTTP else [])]
    return tuple(host for end in ends for host in release.hosts(end))


def tls(pair: KeyPair, authorities: bytes) -> dict[str, bytes]:
    """Contents of a Secret with a certificate and the authorities that its holder trusts."""
    return {catalogue.CERTIFICATE: pair.certificate, catalogue.KEY: pair.key, catalogue.AUTHORITY: authorities}
