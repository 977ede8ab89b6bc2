"""Where backups are kept: S3 as well as a folder, and not for ever."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from minio import Minio

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.s3 import s3_client
from motcua_ops.backup import manifest as manifests
from motcua_ops.backup.prune import ID_FORMAT, prune
from motcua_ops.backup.restore import restore_backup
from motcua_ops.backup.storage import PART_SIZE, FolderStorage, S3Storage, Storage, read_file, write_file
from motcua_ops.backup.take import STARTED, take_backup
from motcua_ops.backup.verify import problems_of
from motcua_ops.cli import main


@pytest.fixture(scope="session")
def bucket_of_backups(embedded_servers: EmbeddedServers) -> tuple[Minio, str]:
    access = embedded_servers.object_store
    client = s3_client(access.url, access.access_key, access.secret_key, "us-east-1")
    name = f"backups-{uuid.uuid4().hex[:12]}"
    client.make_bucket(name)
    return client, name


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path)
    client, bucket = request.getfixturevalue("bucket_of_backups")
    return S3Storage(client, bucket, uuid.uuid4().hex)


def test_files_come_back_as_they_were(storage: Storage) -> None:
    chunks = [bytes([number % 251]) * 1_000_003 for number in range(2 * PART_SIZE // 1_000_003)]
    file = write_file(storage, "a/b/phần", iter(chunks))
    assert storage.size("a/b/phần") == file.size == sum(map(len, chunks))
    with read_file(storage, file) as read:
        assert b"".join(read) == b"".join(chunks)
    assert list(storage.names("a")) == ["a/b/phần"]
    storage.delete("a/b/phần")
    assert storage.size("a/b/phần") is None
    with pytest.raises(FileNotFoundError), storage.read("a/b/phần"):
        pass


def test_a_write_that_fails_leaves_no_file(storage: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield b"the beginning"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.write("a/b", broken())
    assert storage.size("a/b") is None


def test_a_suite_comes_back_out_of_s3(
    suite: Any, bucket_of_backups: tuple[Minio, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in suite.environment.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.replace("OBJECT_STORE", "BACKUP_STORE"), value)
    place = f"s3://{bucket_of_backups[1]}/nightly"
    runner = CliRunner()
    taken = runner.invoke(main, ["backup", "--to", place, "--keep", "2", *suite.options])
    assert taken.exit_code == 0, taken.output
    suite.wipe()
    restored = runner.invoke(main, ["restore", "--from", place, *suite.options])
    assert restored.exit_code == 0, restored.output
    assert suite.read_drawing("d1") == b"checked d1"


def test_bucket_that_is_not_there_is_told(suite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in suite.environment.items():
        monkeypatch.setenv(name.replace("OBJECT_STORE", "BACKUP_STORE"), value)
    result = CliRunner().invoke(main, ["verify-backup", "s3://nobody-made-this/nightly"])
    assert result.exit_code == 1
    assert "there is no bucket nobody-made-this" in result.output


def test_s3_without_settings_is_told(suite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    result = runner.invoke(main, ["verify-backup", "s3://somewhere"])
    assert result.exit_code == 1
    assert "BACKUP_STORE_URL" in result.output
    for name in suite.environment:
        monkeypatch.delenv(name, raising=False)
    result = runner.invoke(main, ["backup", "--to", "/nowhere"])
    assert result.exit_code == 1
    assert "MONGODB_URI, OBJECT_STORE_URL" in result.output


def test_old_backups_go_and_take_only_their_own(suite: Any, folder: FolderStorage) -> None:
    first = take_backup(suite.stores, folder, threads=2)
    suite.database("dossier")["dossiers"].delete_one({"_id": "d0"})
    suite.database("dossier")["documents"].delete_one({"_id": "r-d0"})
    suite.objects("dossier").delete("dossiers/d0/bản vẽ.pdf")
    suite.objects("dossier").delete("dossiers/d0/result.pdf")
    second = take_backup(suite.stores, folder, threads=2)
    assert second.objects == first.objects - 3
    assert list(prune(folder, 2)) == []
    assert list(prune(folder, 1)) == [first.id]
    assert manifests.finished(folder) == [second.id]
    assert len(list(folder.names(manifests.OBJECTS))) == second.objects
    assert list(problems_of(folder, second, 2)) == []
    suite.wipe()
    restore_backup(suite.stores, folder, second)
    assert suite.read_drawing("d2") == b"checked d2"


def test_nothing_is_deleted_beside_a_backup_under_way(
    suite: Any, folder: FolderStorage, capsys: pytest.CaptureFixture[str]
) -> None:
    take_backup(suite.stores, folder, threads=2)
    take_backup(suite.stores, folder, threads=2)

    def started(time: datetime) -> str:
        return f"{manifests.FOLDER}/{time.strftime(ID_FORMAT)}/{STARTED}"

    running = started(datetime.now(UTC))
    folder.write(running, [b""])
    assert list(prune(folder, 1)) == []
    assert "under way" in capsys.readouterr().err
    folder.delete(running)
    abandoned = datetime(2026, 1, 1, tzinfo=UTC)
    folder.write(started(abandoned), [b""])
    assert abandoned.strftime(ID_FORMAT) in list(prune(folder, 1))
    assert len({name.split("/")[1] for name in folder.names(manifests.FOLDER)}) == 1
