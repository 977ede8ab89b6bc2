"""Histories of the running suite after the main job: sealed, spoilt by hand in the databases, proven to an outsider."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.walk import Walk
from motcua_kit.clock import VIETNAM, shifted_clock
from motcua_kit.store import Store
from motcua_ops.audit.archive import Archive
from motcua_ops.audit.sealing import seal_service
from motcua_ops.audit.settings import AuditSettings
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.cli import main
from motcua_ops.naming import SERVICES

Row = dict[str, Any]
Motcua = Callable[..., Result]


@pytest.fixture(scope="module")
def environment(suite_stores: BackupSettings, signing_files: dict[str, Path]) -> dict[str, str]:
    """What `motcua audit` is told."""
    return {
        "MONGODB_URI": suite_stores.mongodb_uri.get_secret_value(),
        "OBJECT_STORE_URL": suite_stores.object_store_url,
        "OBJECT_STORE_ACCESS_KEY": suite_stores.object_store_access_key.get_secret_value(),
        "OBJECT_STORE_SECRET_KEY": suite_stores.object_store_secret_key.get_secret_value(),
        "AUDIT_BUCKET": f"audit-{uuid.uuid4().hex[:12]}",
        "AUDIT_LOCK": "governance",
        "AUDIT_RETENTION_DAYS": "1",
        "AUDIT_TRUST_FILE": str(signing_files["signing_certificate_file"]),
        **{name.upper(): str(file) for name, file in signing_files.items()},
    }


@pytest.fixture(scope="module")
def sealed(main_job: MainJob, walk: Walk, environment: dict[str, str]) -> str:
    """The dossier of the main job, in seals of this very day of the business clock: nobody waits for its end."""
    settings = AuditSettings.load(**{name.lower(): value for name, value in environment.items()})
    archive = Archive(settings)
    archive.ensure()
    today = shifted_clock(main_job.running.stack.clock_offset)().astimezone(VIETNAM).date()
    leaves = 0
    for service in SERVICES:
        with closing(Store(environment["MONGODB_URI"], f"motcua_{service}")) as store:
            made = seal_service(store, archive, service, settings.key, today + timedelta(days=1))
        leaves += sum(seal.leaves for seal in made)
    assert leaves > len(SERVICES)
    return walk.dossier


@pytest.fixture
def motcua(environment: dict[str, str]) -> Motcua:
    """Run `motcua audit …`."""
    return lambda *arguments: CliRunner().invoke(main, ["audit", *arguments], env=environment)


def findings(motcua: Motcua, dossier: str) -> set[str]:
    """What is said of one dossier; the suite goes on with others meanwhile."""
    told = motcua("verify", "--service", "dossier").output
    return {line.partition(f"dossier {dossier}:")[0].strip() for line in told.splitlines() if f" {dossier}:" in line}


@contextmanager
def spoilt(environment: dict[str, str], name: str, spoil: Callable[[Row], object]) -> Iterator[None]:
    """Change a document in the database for the block, as somebody would who has its password."""
    collection, _, identity = name.partition("/")
    with closing(Store(environment["MONGODB_URI"], "motcua_dossier")) as store:
        documents = store.collection(collection)
        before, after = (documents.find_one({"_id": identity}) for _ in range(2))
        assert before is not None
        assert after is not None
        spoil(after)
        documents.replace_one({"_id": identity}, after)
        yield
        documents.replace_one({"_id": identity}, before)


def test_a_life_that_nobody_touched_is_whole(motcua: Motcua, sealed: str) -> None:
    assert findings(motcua, sealed) == set()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda row: row["history"][2].update(actor="officers/nobody"), "changed"),
        (lambda row: row["history"].pop(2), "removed"),
        (lambda row: row["history"].insert(2, {**row["history"][2], "action": "AcceptDossier"}), "inserted"),
    ],
    ids=["changed", "removed", "inserted"],
)
def test_what_is_done_to_an_entry_by_hand_is_found(
    motcua: Motcua, environment: dict[str, str], sealed: str, spoil: Callable[[Row], object], expected: str
) -> None:
    with spoilt(environment, sealed, spoil):
        assert expected in findings(motcua, sealed)
    assert findings(motcua, sealed) == set()


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that knows nothing but a folder."""
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own


def test_its_proof_holds_where_there_is_nothing_else(
    motcua: Motcua, environment: dict[str, str], sealed: str, tmp_path: Path
) -> None:
    made = motcua("proof", sealed, "--hide", "reason", "-o", str(tmp_path / "proof.json"))
    assert made.exit_code == 0, made.output
    (tmp_path / "trust.pem").write_bytes(Path(environment["AUDIT_TRUST_FILE"]).read_bytes())
    checking = [sys.executable, "-m", "motcua_ops", "audit", "check-proof", "proof.json", "--trust", "trust.pem"]
    checked = run(checking, tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert f"dossier {sealed}: " in checked.stdout
    text = (tmp_path / "proof.json").read_text()
    (tmp_path / "proof.json").write_text(text.replace('"action":"SubmitDossier"', '"action":"AcceptDossier"', 1))
    refused = run(checking, tmp_path)
    assert (refused.returncode, "proves nothing" in refused.stderr) == (1, True)
