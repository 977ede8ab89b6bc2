"""The operators' smoke test against the whole suite."""

import dataclasses

import grpc
import pytest
from click.testing import CliRunner

from motcua_devstack import cast
from motcua_devstack.demo.scenes import MainJob
from motcua_ops import smoke
from motcua_ops.doctor.findings import Status
from motcua_ops.naming import OPS
from motcua_ops.settings import NOT_HERE, OpsSettings


@pytest.fixture
def environment(main_job: MainJob, bare_environment: None) -> dict[str, str]:
    del bare_environment
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
    assert [hop.name for hop in hops(environment) if hop.status is Status.FAIL] == ["land"]


def test_a_wrong_secret_ends_it_at_the_sign_in(environment: dict[str, str]) -> None:
    (only,) = hops({**environment, "CLIENT_SECRET": "not-the-secret"})
    assert only.status is Status.FAIL
    assert "401" in only.text


def test_a_service_without_an_address_is_skipped(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**environment, "NOTIFY_ADDRESS": ""}.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(smoke.command)
    assert result.exit_code == 0, result.output
    *others, last = result.output.splitlines()
    assert [line.split()[0] for line in others] == ["ok"] * 5
    assert last.split(maxsplit=2) == ["skipped", "notify", NOT_HERE]


@pytest.mark.usefixtures("bare_environment")
def test_missing_settings_are_named() -> None:
    result = CliRunner().invoke(smoke.command)
    assert result.exit_code == 1
    assert "LAND_ADDRESS" in result.output
    assert "CLIENT_SECRET" in result.output


def hops(environment: dict[str, str]) -> list[smoke.Hop]:
    return list(smoke.hops(OpsSettings.model_validate({name.lower(): value for name, value in environment.items()})))
