"""A small suite in real stores: databases and buckets under names of these tests' own, emptied before each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import IndexModel

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.events import sent
from motcua_kit.objects import ObjectStore
from motcua_kit.store import Collection, Store, ensure_collections
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.storage import FolderStorage
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import load_suite

EXPIRY = IndexModel("expire_time", name="expiry", expireAfterSeconds=3600)


@dataclass(frozen=True)
class Suite:
    """Stores of a suite.

    Attributes:
        prefix: of its databases; buckets have it with a dash.
        stores: as the commands open them.
        environment: variables that name them.
    """

    prefix: str
    stores: Stores
    environment: dict[str, str]

    @property
    def options(self) -> list[str]:
        return ["--database-prefix", f"{self.prefix}_", "--bucket-prefix", f"{self.prefix}-"]

    def database(self, service: str) -> Any:
        return self.stores.mongodb[self.stores.parts[service].database]

    def objects(self, service: str) -> ObjectStore:
        settings = self.stores.settings
        return ObjectStore(
            settings.object_store_url,
            settings.object_store_access_key.get_secret_value(),
            settings.object_store_secret_key.get_secret_value(),
            self.stores.parts[service].bucket,
        )

    def store(self, service: str) -> Store:
        return Store(self.environment["MONGODB_URI"], self.stores.parts[service].database)

    def fill(self) -> None:
        """Write what the services would have written by now."""
        for service in self.stores.parts:
            with_store = self.store(service)
            ensure_collections(with_store, [Collection("things")])
            sent.ensure_sent_events(with_store)
            with_store.close()
            self.database(service)["_migrations"].insert_one({"_id": "0001_collections", "time": datetime.now(UTC)})
        for service in self.stores.buckets:
            self.objects(service).ensure_bucket()
        self.database("identity")["sessions"].create_indexes([EXPIRY])
        self.database("identity")["sessions"].insert_one({"_id": "s1", "account": "accounts/1"})
        self.database("identity")["oidc_clients"].insert_one({"_id": "dossier", "secret": b"\x00\xff"})
        for number in range(3):
            self.add_dossier(f"d{number}")
        permit = self.objects("permits").put("permits/p1.pdf", b"%PDF permit", "application/pdf", {"number": "01/GPXD"})
        self.database("permits")["permits"].insert_one(
            {"_id": "p1", "version": 4, "document_key": "permits/p1.pdf", "document_version": permit.version}
        )

    def add_dossier(self, identity: str) -> None:
        """A dossier with an upload that was checked, one that was sent again afterwards, and one that is awaited."""
        objects = self.objects("dossier")
        drawing = objects.put(f"dossiers/{identity}/bản vẽ.pdf", f"checked {identity}".encode(), "application/pdf")
        objects.put(f"dossiers/{identity}/bản vẽ.pdf", b"swapped afterwards", "application/pdf")
        result = objects.put(f"dossiers/{identity}/result.pdf", f"result {identity}".encode(), "application/pdf")
        uploads = [
            {"id": "u1", "stored_version": drawing.version, "size": 2**40},
            {"id": "u2", "stored_version": ""},
            {"id": "u3", "stored_version": result.version},
        ]
        self.database("dossier")["dossiers"].insert_one(
            {"_id": identity, "version": 3, "outbox": [], "papers": {"uploads": uploads}, "applicant": "accounts/1"}
        )
        self.database("dossier")["documents"].insert_one(
            {"_id": f"r-{identity}", "key": f"dossiers/{identity}/result.pdf", "stored_version": result.version}
        )

    def read_drawing(self, identity: str) -> bytes:
        """Read the upload through the version that the dossier names, as the service does."""
        document = self.database("dossier")["dossiers"].find_one({"_id": identity})
        version = document["papers"]["uploads"][0]["stored_version"]
        return self.objects("dossier").get(f"dossiers/{identity}/bản vẽ.pdf", version=version)

    def wipe(self) -> None:
        """Lose everything: databases, and every version of every object."""
        for part in self.stores.parts.values():
            self.stores.mongodb.drop_database(part.database)
        for bucket in self.stores.buckets.values():
            if bucket.client.bucket_exists(bucket.name):
                for item in bucket.client.list_objects(bucket.name, recursive=True, include_version=True):
                    bucket.client.remove_object(bucket.name, item.object_name or "", version_id=item.version_id)


@pytest.fixture(scope="session")
def own_suite(embedded_servers: EmbeddedServers) -> Iterator[Suite]:
    prefix = f"t{uuid.uuid4().hex[:12]}"
    environment = {
        name: value
        for name, value in embedded_servers.environment().items()
        if name.startswith(("MONGODB_", "OBJECT_STORE_"))
    }
    settings = BackupSettings.model_validate({name.lower(): value for name, value in environment.items()})
    with ExitStack() as stack:
        stores = stack.enter_context(open_stores(settings, load_suite(f"{prefix}_", f"{prefix}-")))
        suite = Suite(prefix, stores, environment)
        stack.callback(suite.wipe)
        yield suite


@pytest.fixture
def suite(own_suite: Suite) -> Suite:
    """A suite that has worked for a while."""
    own_suite.wipe()
    own_suite.fill()
    return own_suite


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "backups")
