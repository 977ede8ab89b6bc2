"""A backup of a suite, everything lost, the suite restored: the same documents, and every document readable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from motcua_kit.objects import ObjectStore
from motcua_ops.backup import manifest as manifests
from motcua_ops.backup.compare import differences
from motcua_ops.backup.diskmap import DiskMap
from motcua_ops.backup.objects import Bucket, ObjectRestore, dump_objects
from motcua_ops.backup.restore import restore_backup
from motcua_ops.backup.storage import FolderStorage
from motcua_ops.backup.take import take_backup
from motcua_ops.cli import main
from motcua_ops.errors import OpsError


@pytest.fixture
def motcua(suite: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name, value in suite.environment.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(main, [str(one) for one in arguments])


def all_documents(suite: Any) -> dict[str, list[Any]]:
    return {
        f"{service}.{name}": list(suite.database(service)[name].find({}, sort=[("_id", 1)]))
        for service in suite.stores.parts
        for name in suite.database(service).list_collection_names()
        if name != "_leases"
    }


def test_by_the_commands(suite: Any, motcua: Callable[..., Result], tmp_path: Path) -> None:
    taken = motcua("backup", "--to", tmp_path, *suite.options)
    assert taken.exit_code == 0, taken.output
    assert "objects=10" in taken.stdout
    assert "documents=" in taken.stdout
    assert motcua("verify-backup", tmp_path).exit_code == 0
    suite.wipe()
    restored = motcua("restore", "--from", tmp_path, *suite.options)
    assert restored.exit_code == 0, restored.output
    assert "objects=10" in restored.stdout
    compared = motcua("verify-restore", tmp_path, *suite.options)
    assert compared.exit_code == 0, compared.output
    assert [suite.read_drawing(f"d{number}") for number in range(3)] == [b"checked d0", b"checked d1", b"checked d2"]


def test_documents_come_back_as_they_were_and_name_the_new_versions(suite: Any, folder: FolderStorage) -> None:
    before = all_documents(suite)
    manifest = take_backup(suite.stores, folder, threads=2)
    suite.wipe()
    restore_backup(suite.stores, folder, manifest)
    after = all_documents(suite)
    before["identity.sessions"] = []  # everybody signs in again
    old = [upload["stored_version"] for one in before["dossier.dossiers"] for upload in one["papers"]["uploads"]]
    new = [upload["stored_version"] for one in after["dossier.dossiers"] for upload in one["papers"]["uploads"]]
    assert [bool(version) for version in old] == [bool(version) for version in new]
    assert not set(filter(None, old)) & set(new)
    renamed = dict(zip(old, new, strict=True))
    permit_version = before["permits.permits"][0]["document_version"]
    renamed[permit_version] = after["permits.permits"][0]["document_version"]
    assert rename(before, renamed) == after


def rename(value: Any, names: dict[str, str]) -> Any:
    """Put new versions for old ones wherever they stand: none may be left anywhere."""
    if isinstance(value, dict):
        return {key: rename(child, names) for key, child in value.items()}
    if isinstance(value, list):
        return [rename(child, names) for child in value]
    return names.get(value, value) if isinstance(value, str) else value


def test_collections_keep_their_options_and_indexes(suite: Any, folder: FolderStorage) -> None:
    schema = {"$jsonSchema": {"required": ["version"], "properties": {"version": {"bsonType": "int"}}}}
    suite.database("dossier").command("collMod", "dossiers", validator=schema)
    before = suite.database("dossier")["things"].index_information()
    manifest = take_backup(suite.stores, folder, threads=2)
    suite.wipe()
    restore_backup(suite.stores, folder, manifest)
    assert suite.database("dossier")["things"].index_information() == before
    expiry = suite.database("identity")["sessions"].index_information()["expiry"]
    assert expiry["expireAfterSeconds"] == 3600
    assert suite.database("dossier")["dossiers"].options()["validator"] == schema


def test_objects_keep_type_metadata_and_order(suite: Any, folder: FolderStorage) -> None:
    manifest = take_backup(suite.stores, folder, threads=2)
    suite.wipe()
    restore_backup(suite.stores, folder, manifest)
    permit = suite.objects("permits").stat("permits/p1.pdf")
    assert permit.content_type == "application/pdf"
    assert permit.metadata["number"] == "01/GPXD"
    assert suite.objects("dossier").get("dossiers/d1/bản vẽ.pdf") == b"swapped afterwards"


def test_a_second_backup_copies_no_object_again(suite: Any, folder: FolderStorage, tmp_path: Path) -> None:
    first = take_backup(suite.stores, folder, threads=2)
    files = {file: file.stat().st_mtime_ns for file in (tmp_path / "backups" / "objects").rglob("*") if file.is_file()}
    suite.add_dossier("d9")
    second = take_backup(suite.stores, folder, threads=2)
    assert all(file.stat().st_mtime_ns == time for file, time in files.items())
    assert second.objects == first.objects + 3
    assert manifests.finished(folder) == [first.id, second.id]
    suite.wipe()
    restore_backup(suite.stores, folder, manifests.load(folder, first.id))
    assert list(differences(suite.stores, folder, first, 2)) == []
    assert any("d9: missing" in line for line in differences(suite.stores, folder, second, 2))


def test_only_the_databases_were_lost(suite: Any, folder: FolderStorage) -> None:
    manifest = take_backup(suite.stores, folder, threads=2)
    before = all_documents(suite)
    suite.objects("permits").put("permits/p2.pdf", b"signed after the backup", "application/pdf")
    suite.objects("permits").put("permits/p1.pdf", b"signed again after the backup", "application/pdf")
    for service in suite.stores.parts:
        suite.stores.mongodb.drop_database(suite.stores.parts[service].database)
    restore_backup(suite.stores, folder, manifest)
    assert all_documents(suite)["dossier.dossiers"] == before["dossier.dossiers"]  # the very same versions
    assert list(differences(suite.stores, folder, manifest, 2)) == []
    keys = {
        item.object_name
        for item in suite.stores.objects.list_objects(suite.stores.parts["permits"].bucket, recursive=True)
    }
    assert keys == {"permits/p1.pdf"}
    assert suite.objects("permits").get("permits/p1.pdf") == b"%PDF permit"


def test_what_nobody_could_delete_cannot_be_deleted_again(suite: Any, folder: FolderStorage) -> None:
    permits = suite.objects("permits")
    permits.set_legal_hold("permits/p1.pdf", held=True)
    manifest = take_backup(suite.stores, folder, threads=2)
    permits.set_legal_hold("permits/p1.pdf", held=False)
    suite.wipe()
    restore_backup(suite.stores, folder, manifest)
    held = permits.has_legal_hold("permits/p1.pdf")
    permits.set_legal_hold("permits/p1.pdf", held=False)
    assert held
    suite.wipe()
    restore_backup(suite.stores, folder, manifest, retention=False)
    assert not permits.has_legal_hold("permits/p1.pdf")


def test_retention_comes_back(suite: Any, folder: FolderStorage) -> None:
    """In a bucket of its own, which nobody can empty now."""
    own = Bucket(suite.stores.objects, "permits", f"{suite.prefix}-kept")
    settings = suite.stores.settings
    objects = ObjectStore(
        settings.object_store_url,
        settings.object_store_access_key.get_secret_value(),
        settings.object_store_secret_key.get_secret_value(),
        own.name,
    )
    objects.ensure_bucket()
    stored = objects.put("kept.pdf", b"kept", "application/pdf")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    objects.retain("kept.pdf", until, version=stored.version)
    with DiskMap() as referred, DiskMap() as new_versions:
        (dump,) = dump_objects(own, folder, lambda _: None, referred, 1)
        assert dump.retain_until == until
        objects.delete("kept.pdf")  # hidden; to the backup it is the latest
        objects.put("kept.pdf", b"newer", "application/pdf")
        (restored,) = ObjectRestore(own, folder).run(iter([dump]), new_versions, 1)
        new = new_versions.get(f"permits/{restored.version}")
    assert new not in (None, stored.version)
    assert objects.get("kept.pdf") == b"kept"
    assert objects.retained_until("kept.pdf", version=str(new)) == until


def test_a_target_with_documents_is_refused_unless_told(suite: Any, folder: FolderStorage) -> None:
    manifest = take_backup(suite.stores, folder, threads=2)
    suite.add_dossier("after")
    with pytest.raises(OpsError, match=r"_dossier\.dossiers"):
        restore_backup(suite.stores, folder, manifest)
    assert suite.read_drawing("after") == b"checked after"
    restore_backup(suite.stores, folder, manifest, replace=True)
    assert {one["_id"] for one in suite.database("dossier")["dossiers"].find()} == {"d0", "d1", "d2"}
    assert list(differences(suite.stores, folder, manifest, 2)) == []


def test_a_document_that_names_a_lost_object_is_told(suite: Any, motcua: Callable[..., Result], tmp_path: Path) -> None:
    suite.database("dossier")["documents"].insert_one({"_id": "lost", "stored_version": "0123"})
    taken = motcua("backup", "--to", tmp_path, *suite.options)
    assert taken.exit_code == 1
    assert "dossier/documents/lost: 0123" in taken.output
    assert manifests.load(FolderStorage(tmp_path)).missing == ["dossier/documents/lost: 0123"]


def test_what_changed_after_the_restore_is_told(suite: Any, folder: FolderStorage) -> None:
    manifest = take_backup(suite.stores, folder, threads=2)
    dossiers = suite.database("dossier")["dossiers"]
    dossiers.update_one({"_id": "d1"}, {"$set": {"applicant": "accounts/2"}})
    dossiers.delete_one({"_id": "d2"})
    dossiers.update_one({"_id": "d0"}, {"$set": {"papers.uploads.2.stored_version": version_of_drawing(suite, "d0")}})
    suite.objects("permits").delete("permits/p1.pdf", version=version_of_permit(folder, manifest))
    found = list(differences(suite.stores, folder, manifest, 2))
    assert [line.split(maxsplit=1)[1] for line in found] == [
        "d0: names another version than others do",
        "d1: differs",
        "d2: missing",
        "permits/p1.pdf: missing",
    ]


def version_of_drawing(suite: Any, identity: str) -> str:
    document = suite.database("dossier")["dossiers"].find_one({"_id": identity})
    version: str = document["papers"]["uploads"][0]["stored_version"]
    return version


def version_of_permit(folder: FolderStorage, manifest: manifests.Manifest) -> str:
    (bucket,) = (one for one in manifest.buckets if one.service == "permits")
    with manifests.read_objects(folder, bucket) as objects:
        return next(objects).version
