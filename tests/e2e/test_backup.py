"""The suite is backed up while it runs, and restored beside itself: with everything that the main job has left."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from motcua_ops.backup.compare import differences
from motcua_ops.backup.restore import restore_backup
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.storage import FolderStorage
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import load_suite
from motcua_ops.backup.take import take_backup


def versions(stores: Stores) -> set[str]:
    """Version ids of all objects."""
    return {item.version_id or "" for bucket in stores.buckets.values() for item in bucket.versions()}


def texts(value: Any) -> Iterator[str]:
    """All strings inside a value."""
    if isinstance(value, str):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(child)


def test_every_reference_to_an_object_is_known(suite_stores: BackupSettings, tmp_path: Path) -> None:
    drill = f"drill{uuid.uuid4().hex[:8]}"
    storage = FolderStorage(tmp_path)
    with (
        open_stores(suite_stores, load_suite()) as live,
        open_stores(suite_stores, load_suite(f"{drill}_", f"{drill}-")) as beside,
    ):
        manifest = take_backup(live, storage, threads=2)
        assert manifest.missing == []
        assert manifest.objects > 0
        restore_backup(beside, storage, manifest, retention=False)
        assert list(differences(beside, storage, manifest, 2)) == []
        old, new = versions(live), versions(beside)
        found: set[str] = set()
        for part in beside.parts.values():
            database = beside.mongodb[part.database]
            for name in database.list_collection_names():
                for document in database[name].find():
                    found.update(texts(document))
        assert found & new
        assert not found & old
