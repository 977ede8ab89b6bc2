"""Every rotation, turn by turn: at no moment are there programs that cannot bear each other's secrets."""

import copy
import itertools
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from motcua_ops.naming import OPS, SERVICES, Release
from motcua_ops.secrets import catalogue
from motcua_ops.secrets.making import Contents, Order, complete
from motcua_ops.secrets.rotation import ROTATIONS, Then, Turn

RELEASE = Release("motcua", "city")
BROUGHT = {key: key.encode() for spec in catalogue.specs().values() for key in spec.keys}


@pytest.fixture
def contents(now: datetime) -> Contents:
    return complete(Order(RELEASE, now, BROUGHT), {})


def turn(name: str, contents: Contents, now: datetime) -> Then:
    return ROTATIONS[name].turn(contents, Turn(RELEASE, now, {key: b"new " + key.encode() for key in BROUGHT}))


def trusts(one: dict[str, bytes], other: dict[str, bytes]) -> bool:
    """Tell whether the holder of one certificate believes the other."""
    certificate = x509.load_pem_x509_certificate(other["tls.crt"])
    for authority in x509.load_pem_x509_certificates(one["ca.crt"]):
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, InvalidSignature):
            continue
        return True
    return False


def test_each_secret_can_be_rotated() -> None:
    keys = {key for spec in catalogue.specs().values() for key in spec.keys} - {catalogue.SEED_FILE}
    brought = {key for rotation in ROTATIONS.values() for key in rotation.brought}
    own = {"CLIENT_SECRET", "SEALING_KEY", "PAGE_TOKEN_KEY", "tls.crt", "tls.key", "ca.crt"}
    assert keys == brought | own


@pytest.mark.parametrize("name", sorted(ROTATIONS))
def test_a_rotation_changes_something_and_tells_what_must_follow(name: str, contents: Contents, now: datetime) -> None:
    before = copy.deepcopy(contents)
    then = turn(name, contents, now)
    assert contents != before
    assert then
    assert all(line.format(namespace="n", release="r", fullname="f") for line in then)


@pytest.mark.parametrize("client", [*SERVICES, OPS])
def test_a_client_secret_overlaps_for_one_turn(client: str, contents: Contents, now: datetime) -> None:
    former = contents[client]["CLIENT_SECRET"]
    turn(f"client-{client}", contents, now)
    fresh = contents[client]["CLIENT_SECRET"]
    assert fresh != former
    assert contents["seed"][f"client-{client}"].splitlines() == [fresh, former]
    assert complete(Order(RELEASE, now), contents) == contents, "making Secrets does not end a rotation"
    turn(f"client-{client}", contents, now)
    assert contents[client]["CLIENT_SECRET"] == fresh
    assert contents["seed"][f"client-{client}"] == fresh


def test_the_sealing_key_overlaps_for_one_turn(contents: Contents, now: datetime) -> None:
    former = contents["identity"]["SEALING_KEY"]
    turn("sealing-key", contents, now)
    fresh, *others = contents["identity"]["SEALING_KEY"].splitlines()
    assert others == [former]
    turn("sealing-key", contents, now)
    assert contents["identity"]["SEALING_KEY"] == fresh != former


def test_new_certificates_and_former_ones_trust_each_other(contents: Contents, now: datetime) -> None:
    former = copy.deepcopy(contents)
    turn("certificates", contents, now)
    assert contents["land-tls"]["tls.key"] != former["land-tls"]["tls.key"]
    assert trusts(former["land-tls"], contents["dossier-tls"])
    assert trusts(contents["dossier-tls"], former["land-tls"])


def test_a_new_authority_comes_in_three_turns_and_neighbouring_turns_trust_each_other(
    contents: Contents, now: datetime
) -> None:
    stages = [copy.deepcopy(contents)]
    for _ in range(3):
        turn("authority", contents, now)
        stages.append(copy.deepcopy(contents))
    for before, after in itertools.pairwise(stages):
        assert trusts(before["land-tls"], after["dossier-tls"])
        assert trusts(after["dossier-tls"], before["land-tls"])
    assert not trusts(stages[-1]["land-tls"], stages[0]["dossier-tls"])
    assert stages[-1]["ca"].keys() == stages[0]["ca"].keys()
    assert stages[-1]["ca"]["tls.crt"] == stages[-1]["land-tls"]["ca.crt"] != stages[0]["ca"]["tls.crt"]
