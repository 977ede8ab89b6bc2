"""What operators' commands read besides variables, and what they say when it is wrong."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from motcua_ops.cli import main

COMMANDS = (["smoke"], ["doctor"], ["backup", "--to", "backups"])

pytestmark = pytest.mark.usefixtures("bare_environment")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_folder_of_secrets_that_is_not_there_is_told_in_a_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "none"))
    result = CliRunner().invoke(main, command)
    problem = f"SECRETS_DIR names no folder: {tmp_path / 'none'}; mount it, or leave this empty"
    assert (result.exit_code, result.output) == (1, f"Error: settings: {problem}\n")


def test_the_doctor_takes_secrets_from_the_folder_that_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "BROKER_URL").write_text("redis://127.0.0.1:1/0")
    result = CliRunner().invoke(main, ["doctor", "--only", "broker", "--json", "--secrets-dir", str(tmp_path)])
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["status"] == "fail"
    assert "127.0.0.1:1" in finding["text"]
