"""Settings come from the environment and from secret files, and refuse what must not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from motcua_kit.refusals import problems
from motcua_kit.settings import LeaderElection, Profile, SchedulerSettings, ServiceSettings
from motcua_kit.testing import Authority

pytestmark = pytest.mark.usefixtures("bare_environment")

PRODUCTION: dict[str, Any] = {
    "profile": Profile.PRODUCTION,
    "mongodb_uri": "mongodb://db/",
    "issuer": "https://id.example.vn",
    "page_token_key": "k",
}


def refusals(settings: type[ServiceSettings] = ServiceSettings, **changed: object) -> dict[str, str]:
    """What production refuses, by setting."""
    with pytest.raises(ValidationError) as caught:
        settings(**{**PRODUCTION, **changed})
    return {name.lower(): problem for name, problem in problems(caught.value).items()}


def test_the_environment_names_settings_in_upper_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILE", "local")
    monkeypatch.setenv("MONGODB_URI", "mongodb://db")
    monkeypatch.setenv("GRPC_THREADS", "3")
    settings = ServiceSettings(service_name="desk")
    assert settings.mongodb_uri.get_secret_value() == "mongodb://db"
    assert settings.grpc_threads == 3
    assert settings.database == "motcua_desk"


def test_secrets_come_as_files_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "MONGODB_URI").write_text("mongodb://of-the-file\n")
    (tmp_path / "client_secret").write_text("of-the-file\n")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("CLIENT_SECRET", "of-the-environment")
    settings = ServiceSettings(service_name="desk", profile=Profile.LOCAL)
    assert settings.mongodb_uri.get_secret_value() == "mongodb://of-the-file"
    assert settings.client_secret.get_secret_value() == "of-the-environment"


@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_a_folder_of_secrets_that_is_none_is_refused(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    if kind == "a file":
        folder.touch()
    assert refusals(secrets_dir=folder) == {"secrets_dir": f"names no folder: {folder}; mount it, or leave this empty"}


def test_a_secret_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CLIENT_SECRET").write_bytes(b"\xff")
    problem = refusals(secrets_dir=tmp_path)["secrets_dir"]
    assert problem.startswith("cannot be read: ")
    assert '"client_secret"' in problem
    assert "'utf-8' codec can't decode" in problem


def test_all_that_production_refuses_is_told_at_once(tmp_path: Path) -> None:
    local: dict[str, Any] = {
        "issuer": "http://127.0.0.1:8080",
        "page_token_key": "",
        "client_secret": "sample-secret",
        "clock_offset_file": tmp_path / "offset",
        "object_store_url": "http://127.0.0.1:9000",
    }
    assert ServiceSettings(**{**PRODUCTION, **local, "profile": Profile.LOCAL}).clock()().tzinfo is not None
    assert refusals(**local) == {
        "issuer": "want https://…, not http://127.0.0.1:8080",
        "page_token_key": "is empty; this process needs it",
        "client_secret": "holds a sample secret; make one of your own",
        "clock_offset_file": "a shifted clock is allowed in the local profile only",
        "object_store_public_url": "is empty, so that clients would be sent to OBJECT_STORE_URL, which is http; "
        "set their https address",
    }


def test_clients_reach_the_object_store_by_https_even_when_services_do_not() -> None:
    inside: dict[str, Any] = {"object_store_url": "http://minio:9000"}
    ServiceSettings(**PRODUCTION, **inside, object_store_public_url="https://files.example.vn")
    assert "object_store_public_url" in refusals(**inside, object_store_public_url="http://files.example.vn")


def test_a_worker_needs_a_broker_and_a_scheduler_no_issuer() -> None:
    with pytest.raises(ValidationError, match="broker_url"):
        ServiceSettings(**PRODUCTION).for_worker()
    assert ServiceSettings(**PRODUCTION, broker_url="redis://queue/").for_worker().broker_url
    SchedulerSettings(profile=Profile.PRODUCTION, mongodb_uri="mongodb://db/", broker_url="redis://queue/")
    assert refusals(SchedulerSettings) == {"broker_url": "is empty; this process needs it"}


def test_a_lease_of_kubernetes_is_named() -> None:
    assert set(refusals(leader_election=LeaderElection.KUBERNETES, lease_name="relay")) == {"lease_namespace"}


def test_transport_security_is_whole_or_off(tmp_path: Path) -> None:
    tls = Authority().issue(tmp_path / "own")
    whole: dict[str, Any] = {"tls_ca_file": tls.ca, "tls_certificate_file": tls.certificate, "tls_key_file": tls.key}
    assert ServiceSettings(**PRODUCTION, **whole).tls == tls
    assert ServiceSettings(**PRODUCTION).tls is None
    assert refusals(tls_ca_file=tls.ca, profile=Profile.LOCAL) == {
        "tls_certificate_file": "is empty; set all of TLS_…_FILE or none",
        "tls_key_file": "is empty; set all of TLS_…_FILE or none",
    }
    other = Authority().issue(tmp_path / "other").key
    assert "key values mismatch" in refusals(**{**whole, "tls_key_file": other})["tls_certificate_file"]
    assert "missing.pem" in refusals(**{**whole, "tls_ca_file": tmp_path / "missing.pem"})["tls_certificate_file"]
