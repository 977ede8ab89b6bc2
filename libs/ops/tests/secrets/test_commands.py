"""`motcua secrets` and `motcua rotate` against a cluster and without one."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from motcua_ops.cli import main
from motcua_ops.secrets import catalogue

Run = Callable[..., Result]


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """What an operator brings, as editors write it."""
    folder = tmp_path / "given"
    folder.mkdir()
    for spec in catalogue.specs().values():
        for key, origin in spec.keys.items():
            if origin is catalogue.Origin.BROUGHT:
                (folder / key).write_text(f"{key} of the City\n")
    return folder


@pytest.fixture
def run(given: Path) -> Run:
    def invoke(*arguments: str) -> Result:
        extra = ["--given", str(given)] if arguments[0] == "secrets" else []
        return CliRunner().invoke(main, [*arguments, *extra])

    return invoke


def value(api_server: Any, name: str, key: str) -> bytes:
    return base64.b64decode(api_server.secrets[name]["data"][key])


def test_without_a_cluster_all_are_printed(run: Run) -> None:
    result = run("secrets", "--offline", "-n", "city")
    assert result.exit_code == 0, result.output
    printed = {item["metadata"]["name"]: item for item in yaml.safe_load_all(result.stdout)}
    assert printed.keys() == {f"motcua-{kind}" for kind in catalogue.specs()}
    assert base64.b64decode(printed["motcua-mongodb"]["data"]["MONGODB_URI"]) == b"MONGODB_URI of the City"
    assert base64.b64decode(printed["motcua-signing"]["data"]["key.pem"]) == b"key.pem of the City\n"
    assert all(item["metadata"]["namespace"] == "city" for item in printed.values())


def test_folders_get_a_file_each_that_only_the_owner_reads(run: Run, tmp_path: Path) -> None:
    result = run("secrets", "--offline", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    files = list((tmp_path / "out").iterdir())
    assert len(files) == len(catalogue.specs())
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert result.stdout == ""


def test_what_exists_is_left_alone(api_server: Any, run: Run) -> None:
    first = run("secrets", "--apply")
    assert first.exit_code == 0, first.output
    before = {name: item["data"] for name, item in api_server.secrets.items()}
    assert len(before) == len(catalogue.specs())
    second = run("secrets", "--apply")
    assert {line.split()[0] for line in second.stderr.splitlines()} == {"unchanged"}
    assert {name: item["data"] for name, item in api_server.secrets.items()} == before
    assert run("secrets").stdout == "", "complete Secrets are not printed either"


def test_a_rotation_goes_through_the_cluster(api_server: Any, run: Run) -> None:
    run("secrets", "--apply")
    former = value(api_server, "motcua-land", "CLIENT_SECRET")
    result = run("rotate", "client-land", "--apply", "--release", "city")
    assert result.exit_code == 0, result.output
    fresh = value(api_server, "motcua-land", "CLIENT_SECRET")
    assert value(api_server, "motcua-seed", "client-land").splitlines() == [fresh, former]
    assert "app.kubernetes.io/instance=city,motcua.io/service=land" in result.stderr
    assert "{" not in result.stderr


def test_the_last_turn_of_an_authority_takes_keys_out(api_server: Any, run: Run) -> None:
    run("secrets", "--apply")
    for _ in range(3):
        assert run("rotate", "authority", "--apply").exit_code == 0
    assert api_server.secrets["motcua-ca"]["data"].keys() == {"tls.crt", "tls.key"}


def test_what_is_brought_is_asked_for(api_server: Any, run: Run, given: Path) -> None:
    run("secrets", "--apply")
    assert "MONGODB_URI" in run("rotate", "mongodb", "--apply").stderr
    (given / "MONGODB_URI").write_text("mongodb://new")
    assert run("rotate", "mongodb", "--apply", "--given", str(given)).exit_code == 0
    assert value(api_server, "motcua-mongodb", "MONGODB_URI") == b"mongodb://new"


@pytest.mark.usefixtures("api_server")
def test_nothing_to_rotate_is_said(run: Run) -> None:
    result = run("rotate", "page-tokens", "--apply")
    assert result.exit_code == 1
    assert "not in namespace city" in result.stderr


def test_a_cluster_that_does_not_answer_is_said(api_server: Any, run: Run) -> None:
    api_server.stop()
    result = run("secrets")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr


def test_no_cluster_is_said(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    result = run("secrets")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: no cluster")
