"""The operators' smoke test against the whole suite."""

import dataclasses

import grpc
import pytest
from click.testing import CliRunner

from motcua_devstack import cast
from motcua_devstack.demo.scenes import MainJob
from motcua_ops import smoke
from motcua_ops.naming import OPS
from motcua_ops.settings import OpsSettings


@pytest.fixture
def environment(main_job: MainJob) -> dict[str, str]:
    addresses = main_job.running.addresses
    return {
        "ISSUER": addresses.http["identity"],
        "CLIENT_SECRET": cast.client_secret(main_job.running.vault, OPS),
        **{f"{service.upper()}_ADDRESS": address for service, address in addresses.grpc.items()},
    }


def test_smoke_passes(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(smoke.command)
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.output.splitlines()] == ["ok"] * 6


def test_a_wrong_answer_fails_its_hop_and_no_other(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = [dataclasses.replace(read, expected=grpc.StatusCode.OK) for read in smoke.READS]
    monkeypatch.setattr(smoke, "READS", reads)
    found = list(smoke.hops(OpsSettings.model_validate({k.lower(): v for k, v in environment.items()})))
    assert [hop.name for hop in found if not hop.passed] == ["land"]


def test_a_wrong_secret_ends_it_at_the_sign_in(environment: dict[str, str]) -> None:
    settings = {k.lower(): v for k, v in environment.items()} | {"client_secret": "not-the-secret"}
    (only,) = smoke.hops(OpsSettings.model_validate(settings))
    assert not only.passed
    assert "401" in only.answer


def test_missing_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRETS_DIR", raising=False)
    result = CliRunner().invoke(smoke.command)
    assert result.exit_code == 1
    assert "LAND_ADDRESS" in result.output
    assert "CLIENT_SECRET" in result.output
