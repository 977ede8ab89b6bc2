"""Killed in the middle, damaged, made by a newer program, somebody at work: nothing is ever half a restore."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bson
import pytest
from minio.datatypes import Object
from minio.error import S3Error

from motcua_kit.lease import MongoLease
from motcua_ops.backup import alone
from motcua_ops.backup import manifest as manifests
from motcua_ops.backup.compare import differences
from motcua_ops.backup.databases import read_documents
from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.objects import Bucket, dump_objects
from motcua_ops.backup.restore import restore_backup
from motcua_ops.backup.storage import FolderStorage
from motcua_ops.backup.take import take_backup
from motcua_ops.backup.verify import problems_of, refuse_damaged
from motcua_ops.errors import OpsError

KILLED = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from motcua_ops.backup import manifest
from motcua_ops.backup.restore import restore_backup
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.storage import FolderStorage
from motcua_ops.backup.stores import open_stores
from motcua_ops.backup.suite import load_suite
from motcua_ops.backup.take import take_backup

def die_at(text):
    if {moment!r} in text:
        os.kill(os.getpid(), signal.SIGKILL)

storage = FolderStorage(Path({folder!r}))
with open_stores(BackupSettings.load(), load_suite("{prefix}_", "{prefix}-")) as stores:
    {call}
"""


def kill(suite: Any, folder: Path, moment: str, call: str) -> None:
    """Run a program that is killed when it tells of a moment."""
    program = KILLED.format(moment=moment, folder=str(folder), prefix=suite.prefix, call=call)
    environment = {**os.environ, **suite.environment}
    run = subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=60)  # noqa: S603
    assert run.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moment", ["dossier.documents", "-dossier:"])
def test_a_killed_backup_is_seen_and_the_next_is_whole(suite: Any, tmp_path: Path, moment: str) -> None:
    storage = FolderStorage(tmp_path)
    kill(suite, tmp_path, moment, "take_backup(stores, storage, 2, die_at)")
    assert manifests.finished(storage) == []
    with pytest.raises(OpsError, match="no finished backup"):
        manifests.load(storage)
    (unfinished,) = (tmp_path / "backups").iterdir()
    with pytest.raises(OpsError, match="was not finished"):
        manifests.load(storage, unfinished.name)
    copied = {file: file.stat().st_mtime_ns for file in (tmp_path / "objects").rglob("*") if file.is_file()}
    manifest = take_backup(suite.stores, storage, threads=2)
    assert all(file.stat().st_mtime_ns == time for file, time in copied.items())
    assert list(problems_of(storage, manifest, 2)) == []
    suite.wipe()
    restore_backup(suite.stores, storage, manifest)
    assert suite.read_drawing("d2") == b"checked d2"


@pytest.mark.parametrize("moment", ["-dossier:", "_dossier.documents"])
def test_a_killed_restore_starts_no_service_and_is_run_again(suite: Any, tmp_path: Path, moment: str) -> None:
    storage = FolderStorage(tmp_path)
    manifest = take_backup(suite.stores, storage, threads=2)
    suite.wipe()
    call = "restore_backup(stores, storage, manifest.load(storage), told=die_at)"
    kill(suite, tmp_path, moment, call)
    assert all("_migrations" not in suite.database(service).list_collection_names() for service in suite.stores.parts)
    restore_backup(suite.stores, storage, manifest, replace=True)
    assert list(differences(suite.stores, storage, manifest, 2)) == []
    bucket = suite.stores.buckets["dossier"]
    assert len(list(bucket.versions())) == 9  # none twice


@dataclass(frozen=True)
class Cleaned(Bucket):
    """A bucket in which somebody deletes what the backup has just listed."""

    def versions(self, prefix: str = "") -> Iterator[Object]:
        listed = list(Bucket.versions(self, prefix))
        for item in listed:
            if item.object_name == "gone":
                self.client.remove_object(self.name, item.object_name, version_id=item.version_id)
        return iter(listed)


@pytest.mark.parametrize("named", [False, True])
def test_objects_may_go_meanwhile_unless_a_document_names_them(
    suite: Any, folder: FolderStorage, *, named: bool
) -> None:
    bucket = suite.stores.buckets["permits"]
    gone = suite.objects("permits").put("gone", b"1", "text/plain").version
    cleaned = Cleaned(bucket.client, bucket.service, bucket.name)
    with DiskMap() as referred:
        if named:
            referred[f"permits/{gone}"] = "permits/p2"
            with pytest.raises(S3Error):
                list(dump_objects(cleaned, folder, lambda _: None, referred, 2))
        else:
            dumps = dump_objects(cleaned, folder, lambda _: None, referred, 2)
            assert [dump.key for dump in dumps] == ["permits/p1.pdf"]


def test_writers_at_work_are_seen_at_one_moment(suite: Any, folder: FolderStorage) -> None:
    """A dossier is written before its permit, so a permit without its dossier would show two moments."""
    stop, written = threading.Event(), threading.Semaphore(0)

    def write() -> None:
        number = 0
        while not stop.is_set():
            suite.database("dossier")["things"].insert_one({"_id": f"t{number:06}"})
            suite.database("permits")["things"].insert_one({"_id": f"t{number:06}"})
            number += 1
            written.release()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            for _ in range(20):
                assert written.acquire(timeout=30)
            manifest = take_backup(suite.stores, folder, threads=4)
            dumps = {(dump.service, dump.name): dump for dump in manifest.collections}
            dossiers, permits = (
                [bson.decode(raw)["_id"] for raw in read_documents(folder, dumps[service, "things"])]
                for service in ("dossier", "permits")
            )
            assert len(permits) >= 20
            assert dossiers[: len(permits)] == permits
            assert len(dossiers) - len(permits) <= 1
    finally:
        stop.set()
        writer.join(30)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder, _: flip(next(folder.rglob("dossiers.bson.gz"))), "dossiers.bson.gz was changed"),
        (lambda folder, _: flip(next(folder.rglob("objects.jsonl.gz"))), "objects.jsonl.gz was changed"),
        (lambda folder, name: flip(folder / name), "permits/p1.pdf: .* was changed"),
        (lambda folder, name: (folder / name).unlink(), "permits/p1.pdf: .* is missing"),
    ],
    ids=["documents", "list of objects", "an object", "an object gone"],
)
def test_damage_is_told_before_anything_is_touched(
    suite: Any, tmp_path: Path, damage: Callable[[Path, str], None], told: str
) -> None:
    storage = FolderStorage(tmp_path)
    manifest = take_backup(suite.stores, storage, threads=2)
    (permits,) = (one for one in manifest.buckets if one.service == "permits")
    with manifests.read_objects(storage, permits) as objects:
        name = next(objects).file.name
    damage(tmp_path, name)
    with pytest.raises(OpsError, match=told):
        refuse_damaged(storage, manifest, 2)


def flip(file: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_damage_is_seen_while_it_is_restored_too(suite: Any, tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    manifest = take_backup(suite.stores, storage, threads=2)
    (tmp_path / "backups" / manifest.id / "dossier" / "dossiers.bson.gz").write_bytes(b"")
    suite.wipe()
    with pytest.raises(OpsError, match=r"dossiers\.bson\.gz was changed"):
        restore_backup(suite.stores, storage, manifest)
    assert "_migrations" not in suite.database("dossier").list_collection_names()


def test_a_backup_of_a_newer_program_is_refused(suite: Any, tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    manifest = take_backup(suite.stores, storage, threads=2)
    file = tmp_path / "backups" / manifest.id / manifests.MANIFEST
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": manifests.FORMAT + 1}))
    with pytest.raises(OpsError, match="is older than the one that took it"):
        manifests.load(storage)
    file.write_text("{")
    with pytest.raises(OpsError, match="damaged"):
        manifests.load(storage)


def test_databases_at_work_are_left_alone(suite: Any, folder: FolderStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "PATIENCE", 0.2)
    manifest = take_backup(suite.stores, folder, threads=2)
    store = suite.store("permits")
    with MongoLease(store, "relay").hold(), pytest.raises(OpsError, match="_permits: somebody holds the lease `relay`"):
        restore_backup(suite.stores, folder, manifest, replace=True)
    store.close()
    assert suite.read_drawing("d0") == b"checked d0"
    assert suite.database("permits")["permits"].find_one({"_id": "p1"})


def test_a_suite_that_is_not_there_is_no_empty_backup(suite: Any, folder: FolderStorage) -> None:
    suite.wipe()
    with pytest.raises(OpsError, match="there is no database"):
        take_backup(suite.stores, folder, threads=2)
    assert manifests.finished(folder) == []
