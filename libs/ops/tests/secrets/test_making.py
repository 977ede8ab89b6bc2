"""What is made, what stays, what is refused."""

import ssl
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from motcua_ops.errors import OpsError
from motcua_ops.naming import OPS, SERVICES, Release
from motcua_ops.secrets import catalogue
from motcua_ops.secrets.making import Contents, Order, changed, complete
from motcua_ops.secrets.seed import Seed

RELEASE = Release("motcua", "city")
GIVEN = {
    key: f"brought {key}".encode()
    for spec in catalogue.specs().values()
    for key, origin in spec.keys.items()
    if origin is catalogue.Origin.BROUGHT
}


@pytest.fixture
def order(now: datetime) -> Order:
    return Order(RELEASE, now, GIVEN)


def made(order: Order, existing: Contents | None = None) -> Contents:
    return complete(order, existing or {})


def test_all_required_keys_are_there_and_optional_ones_are_not(order: Order) -> None:
    contents = made(order)
    assert contents.keys() == catalogue.specs().keys()
    for kind, spec in catalogue.specs().items():
        assert spec.required <= contents[kind].keys(), kind
    assert "SMTP_PASSWORD" not in contents["notify"]


def test_what_is_made_differs_each_time_and_what_exists_never_changes(order: Order) -> None:
    first, second = made(order), made(order)
    assert first["identity"]["SEALING_KEY"] != second["identity"]["SEALING_KEY"]
    assert made(order, first) == first
    assert changed(made(order, first), first) == {}


@pytest.mark.parametrize("kind", sorted(catalogue.specs().keys() - {catalogue.CA}))
def test_one_lost_secret_is_made_anew_and_only_what_follows_from_it_changes(order: Order, kind: str) -> None:
    before = made(order)
    without = {name: keys for name, keys in before.items() if name != kind}
    follows = {catalogue.SEED} if kind in (*SERVICES, OPS) else set()
    assert changed(made(order, without), without).keys() == {kind} | follows


def test_everything_that_only_the_operator_can_bring_is_named_at_once(now: datetime) -> None:
    with pytest.raises(OpsError) as refused:
        made(Order(RELEASE, now))
    for key in GIVEN:
        assert key in refused.value.message


def test_the_seed_agrees_with_the_services_secrets(order: Order) -> None:
    contents = made(order)
    seed = yaml.safe_load(contents["seed"]["identity-seed.yaml"])
    assert {client["id"] for client in seed["clients"]} == {*SERVICES, OPS}
    for client in seed["clients"]:
        assert contents["seed"][client["secret_file"]] == contents[client["id"]]["CLIENT_SECRET"]


def test_people_of_a_seed_file_get_the_secrets_that_are_not_beside_it(order: Order, tmp_path: Path) -> None:
    officer = {"username": "an", "full_name": "An", "password_file": "password-an", "totp_secret_file": "totp-an"}
    (tmp_path / "seed.yaml").write_text(yaml.safe_dump({"officers": [officer]}))
    (tmp_path / "password-an").write_text("a password of An")
    with_people = Order(RELEASE, order.now, GIVEN, Seed.load(tmp_path / "seed.yaml"))
    contents = made(with_people)
    assert contents["seed"]["password-an"] == b"a password of An"
    assert len(contents["seed"]["totp-an"]) == 32
    again = made(order, contents)
    assert again == contents, "who is in the cluster stays there, also without the file"


def test_a_seed_file_of_another_shape_is_refused() -> None:
    with pytest.raises(OpsError, match="clients and officers only"):
        Seed.read("people: []", {})


@pytest.mark.parametrize("service", SERVICES)
def test_certificates_are_for_the_names_of_both_ends(order: Order, service: str) -> None:
    values = made(order)[f"{service}-tls"]
    certificate = x509.load_pem_x509_certificate(values["tls.crt"])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = names.get_values_for_type(x509.DNSName)
    assert f"motcua-{service}.city.svc" in found
    assert (f"motcua-{service}-http.city.svc" in found) == (service in ("identity", "permits"))
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(values["ca.crt"]))
    assert certificate.not_valid_after_utc - order.now == timedelta(days=365)


def test_a_pure_client_has_no_names(order: Order) -> None:
    certificate = x509.load_pem_x509_certificate(made(order)["ops-tls"]["tls.crt"])
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_both_ends_of_mutual_tls_accept_each_other(order: Order, tmp_path: Path) -> None:
    contents = made(order)
    for owner in ("land", "ops"):
        for key, value in contents[f"{owner}-tls"].items():
            (tmp_path / f"{owner}-{key}").write_bytes(value)

    def context(owner: str, purpose: int) -> ssl.SSLContext:
        made = ssl.SSLContext(purpose)
        made.load_verify_locations(tmp_path / f"{owner}-ca.crt")
        made.load_cert_chain(tmp_path / f"{owner}-tls.crt", tmp_path / f"{owner}-tls.key")
        made.verify_mode = ssl.CERT_REQUIRED
        return made

    towards_server, towards_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context("land", ssl.PROTOCOL_TLS_SERVER).wrap_bio(towards_server, towards_client, server_side=True)
    client = context("ops", ssl.PROTOCOL_TLS_CLIENT).wrap_bio(
        towards_client, towards_server, server_hostname="motcua-land.city.svc"
    )

    def done(end: ssl.SSLObject) -> bool:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    assert any(done(client) + done(server) == 2 for _ in range(10))
    peer = client.getpeercert()
    assert peer is not None
    assert peer["subject"] == ((("organizationName", "Motcua"),), (("commonName", "land"),))


def test_certificates_without_their_authority_are_not_mixed_with_others(order: Order) -> None:
    before = made(order)
    del before["ca"], before["land-tls"]
    with pytest.raises(OpsError, match="not the authority"):
        made(order, before)


def test_certificates_of_somebody_else_need_no_authority(order: Order) -> None:
    before = made(order)
    del before["ca"]
    assert "ca" not in made(order, before)


def test_further_programs_get_certificates(now: datetime) -> None:
    assert made(Order(RELEASE, now, GIVEN, clients=("portal",)))["portal-tls"].keys() == {
        "tls.crt",
        "tls.key",
        "ca.crt",
    }
