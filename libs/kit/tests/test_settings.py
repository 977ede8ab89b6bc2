"""Settings come from the environment and from secret files, and refuse what must not be."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from motcua_kit.settings import Profile, ServiceSettings


def test_the_environment_names_settings_in_upper_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://db")
    monkeypatch.setenv("GRPC_THREADS", "3")
    settings = ServiceSettings(service_name="desk")
    assert settings.mongodb_uri.get_secret_value() == "mongodb://db"
    assert settings.grpc_threads == 3
    assert settings.database == "motcua_desk"


def test_secrets_come_as_files_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mongodb_uri").write_text("mongodb://of-the-file\n")
    (tmp_path / "client_secret").write_text("of-the-file\n")
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("CLIENT_SECRET", "of-the-environment")
    settings = ServiceSettings(service_name="desk")
    assert settings.mongodb_uri.get_secret_value() == "mongodb://of-the-file"
    assert settings.client_secret.get_secret_value() == "of-the-environment"


def test_a_shifted_clock_is_for_the_local_profile(tmp_path: Path) -> None:
    local = ServiceSettings(mongodb_uri="x", profile=Profile.LOCAL, clock_offset_file=tmp_path / "offset")
    assert local.clock()().tzinfo is not None
    with pytest.raises(ValidationError, match="local profile only"):
        ServiceSettings(mongodb_uri="x", profile=Profile.PRODUCTION, clock_offset_file=tmp_path / "offset")


def test_a_sample_secret_is_refused_outside_the_local_profile() -> None:
    local = ServiceSettings(mongodb_uri="x", profile=Profile.LOCAL, client_secret="sample-secret")
    assert local.client_secret.get_secret_value() == "sample-secret"
    with pytest.raises(ValidationError, match="client_secret: holds a sample secret"):
        ServiceSettings(mongodb_uri="x", profile=Profile.PRODUCTION, client_secret="sample-secret")
