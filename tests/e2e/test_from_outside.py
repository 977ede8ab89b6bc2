"""The main job walked by a program that knows the suite by its addresses only, as in a cluster."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from motcua_devstack import cast
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.steps import STEPS

COMMAND = (sys.executable, "-m", "motcua_devstack.verify")


@pytest.fixture
def surroundings(main_job: MainJob, tmp_path: Path) -> dict[str, str]:
    """The environment that describes the running stack."""
    addresses, vault = main_job.running.addresses, main_job.running.vault
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for officer in cast.OFFICERS:
        for name in (f"password-{officer.username}", f"totp-{officer.username}"):
            shutil.copy(vault.folder / name, secrets)
    shutil.copy(vault.chain_file, secrets)
    return {
        **os.environ,
        **{f"{service.upper()}_ADDRESS": address for service, address in addresses.grpc.items()},
        "ISSUER": addresses.http["identity"],
        "PERMITS_URL": addresses.http["permits"],
        "REDIRECT_URI": addresses.application,
        "SINKS_URL": addresses.sms,
        "OTEL_EXPORTER_OTLP_ENDPOINT": addresses.otlp,
        "SECRETS_DIR": str(secrets),
    }


@pytest.mark.usefixtures("walk")
def test_every_step_but_those_that_nobody_can_see_is_verified(surroundings: dict[str, str], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = subprocess.run([*COMMAND, "--report", report], env=surroundings, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert found["ok"]
    assert [step["name"] for step in found["steps"]] == [step.name for step in STEPS]
    assert [step["name"] for step in found["steps"] if step["skipped"]] == ["traces"]


def test_missing_setting_is_named() -> None:
    done = subprocess.run([*COMMAND], env={"PATH": os.defpath}, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 2
    assert "ISSUER" in done.stderr
