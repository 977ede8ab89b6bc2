"""How each secret is replaced: what changes in which Secret, and what must follow, as data.

Where programs bear two values at once, a rotation has two or three turns, and nothing is refused meanwhile. Which turn
is next is read from the Secrets themselves, so that an interrupted rotation goes on where it stopped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from motcua_ops.naming import OPS, SERVICES, Release
from motcua_ops.secrets import catalogue, making, seed
from motcua_ops.secrets.authority import Authority, KeyPair
from motcua_ops.secrets.catalogue import AUTHORITY, CERTIFICATE, CLIENT_SECRET, KEY
from motcua_ops.secrets.making import Contents


@dataclass(frozen=True)
class Turn:
    """One step of a rotation.

    Attributes:
        release: whose Secrets these are.
        now: aware; the start of new certificates.
        given: what the operator brings, by key.
    """

    release: Release
    now: datetime
    given: Mapping[str, bytes]


Then = tuple[str, ...]
"""What the operator does next: lines, with `{namespace}`, `{release}` and `{fullname}` in them."""


@dataclass(frozen=True)
class Rotation:
    """One thing that can be rotated.

    Attributes:
        summary: a line for people.
        turn: changes the contents and tells what must follow.
        brought: keys that the operator brings, each in the Secret that has it.
    """

    summary: str
    turn: Callable[[Contents, Turn], Then]
    brought: tuple[str, ...] = ()


SEED_AGAIN = "helm upgrade {release} CHART -n {namespace} --reuse-values   # its hook seeds identity anew"
AGAIN = "then run this command again: the former one is refused from there on"


def restart(service: str) -> str:
    """The line that restarts a service's pods, one after the other."""
    return (
        f"kubectl -n {{namespace}} rollout restart deployment -l "
        f"app.kubernetes.io/instance={{release}},motcua.io/service={service}"
    )


def _client(client: str) -> Rotation:
    def turn(contents: Contents, _: Turn) -> Then:
        known = contents[catalogue.SEED][seed.client_file(client)].splitlines()
        if len(known) > 1:
            contents[catalogue.SEED][seed.client_file(client)] = known[0]
            return (SEED_AGAIN,)
        fresh = seed.token()
        contents[client][CLIENT_SECRET] = fresh
        contents[catalogue.SEED][seed.client_file(client)] = b"\n".join([fresh, *known])
        return (SEED_AGAIN, *([] if client == OPS else [restart(client)]), AGAIN)

    return Rotation(f"secret of the OIDC client {client}: two turns, both are taken in between", turn)


def _sealing_key(contents: Contents, _: Turn) -> Then:
    known = contents["identity"]["SEALING_KEY"].splitlines()
    if len(known) > 1:
        contents["identity"]["SEALING_KEY"] = known[0]
        return (restart("identity"),)
    contents["identity"]["SEALING_KEY"] = b"\n".join([seed.token(), *known])
    return (
        restart("identity"),
        "kubectl -n {namespace} exec deploy/{fullname}-identity -- python -m motcua_identity reseal",
        AGAIN,
    )


def _page_tokens(contents: Contents, _: Turn) -> Then:
    contents["page-tokens"]["PAGE_TOKEN_KEY"] = seed.token()
    return tuple(map(restart, SERVICES))


def _certificates(contents: Contents, turn: Turn) -> Then:
    authority = Authority(KeyPair(contents[catalogue.CA][CERTIFICATE], contents[catalogue.CA][KEY]))
    for owner, values in _certified(contents).items():
        pair = authority.issue(owner, making.hosts(turn.release, owner), turn.now)
        values.update(making.tls(pair, values[AUTHORITY]))
    return ("nothing: pods read changed certificates by themselves within two minutes",)


NEXT_CERTIFICATE, NEXT_KEY, FORMER_CERTIFICATE = "next.crt", "next.key", "former.crt"


def _authority(contents: Contents, turn: Turn) -> Then:
    ca = contents[catalogue.CA]
    wait = "wait two minutes, until pods have read the changed files by themselves"
    if FORMER_CERTIFICATE in ca:
        del ca[FORMER_CERTIFICATE]
        _trust(contents, ca[CERTIFICATE])
        return ("nothing: the former authority is not trusted any more",)
    if NEXT_CERTIFICATE in ca:
        ca[FORMER_CERTIFICATE] = ca[CERTIFICATE]
        ca[CERTIFICATE], ca[KEY] = ca.pop(NEXT_CERTIFICATE), ca.pop(NEXT_KEY)
        _certificates(contents, turn)
        return (wait, "then run this command again: the former authority is taken out")
    pair = Authority.make(turn.now).pair
    ca[NEXT_CERTIFICATE], ca[NEXT_KEY] = pair.certificate, pair.key
    _trust(contents, ca[CERTIFICATE] + pair.certificate)
    return (wait, "then run this command again: the new authority issues all certificates")


def _trust(contents: Contents, authorities: bytes) -> None:
    for values in _certified(contents).values():
        values[AUTHORITY] = authorities


def _certified(contents: Contents) -> dict[str, dict[str, bytes]]:
    """Secrets with certificates by their owners."""
    suffix = f"-{catalogue.TLS}"
    return {kind.removesuffix(suffix): values for kind, values in contents.items() if kind.endswith(suffix)}


def _brought(summary: str, kind: str, keys: tuple[str, ...], *then: str) -> Rotation:
    def turn(contents: Contents, turn: Turn) -> Then:
        contents[kind] |= {key: turn.given[key] for key in keys if key in turn.given}
        return then

    return Rotation(f"{summary}: taken from --given", turn, keys)


ALL = tuple(map(restart, SERVICES))
KEEP = "before this, let the store take the new one beside the former; take the former away after the restart"

ROTATIONS: Mapping[str, Rotation] = {
    **{f"client-{client}": _client(client) for client in (*SERVICES, OPS)},
    "sealing-key": Rotation("key that encrypts what identity keeps: two turns", _sealing_key),
    "page-tokens": Rotation("key of page tokens: lists that are being read must be read anew", _page_tokens),
    "certificates": Rotation("certificates of all programs, by the same authority", _certificates),
    "authority": Rotation("the authority of the certificates: three turns", _authority),
    "mongodb": _brought("connection string of MongoDB", "mongodb", ("MONGODB_URI",), KEEP, *ALL),
    "broker": _brought("connection string of the broker", "broker", ("BROKER_URL",), KEEP, *ALL),
    "object-store": _brought(
        "keys of the object store",
        "object-store",
        ("OBJECT_STORE_ACCESS_KEY", "OBJECT_STORE_SECRET_KEY"),
        KEEP,
        restart("dossier"),
        restart("permits"),
    ),
    "signing": _brought(
        "key that signs documents",
        "signing",
        ("key.pem", "certificate.pem", "chain.pem", "SIGNING_KEY_PASSPHRASE"),
        restart("dossier"),
        restart("permits"),
        "documents signed so far stay valid: each carries its certificates",
    ),
    "eid": _brought("secret at the national e-ID", "identity", ("EID_CLIENT_SECRET",), restart("identity")),
    "attempts": _brought(
        "connection string of the server that counts wrong sign-ins",
        "identity",
        ("ATTEMPTS_URL",),
        KEEP,
        restart("identity"),
    ),
    "smtp": _brought("password at the SMTP server", "notify", ("SMTP_PASSWORD",), restart("notify")),
    "sms": _brought("token at the SMS gateway", "notify", ("SMS_TOKEN",), restart("notify")),
}
