"""A service's database with dossiers that the kit's own repository wrote, a bucket for seals, and a key."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.clock import VIETNAM
from motcua_kit.command import Command
from motcua_kit.domain import Aggregate
from motcua_kit.s3 import s3_client
from motcua_kit.store import Collection, Repository, Store, ensure_collections
from motcua_ops.audit.archive import Archive
from motcua_ops.audit.checking import Check
from motcua_ops.audit.sealing import seal_service
from motcua_ops.audit.seals import Seal
from motcua_ops.audit.settings import AuditSettings
from motcua_ops.cli import main

SERVICE = "dossier"
TODAY = datetime.now(VIETNAM).date()


def days_ago(days: int, hour: int = 10) -> datetime:
    """A moment so many days ago, at an hour in Vietnam."""
    day = TODAY - timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=VIETNAM).astimezone(UTC)


@dataclass(kw_only=True)
class Dossier(Aggregate):
    note: str = ""


@dataclass
class City:
    """What a test works on.

    Attributes:
        store: the database of the service.
        archive: the bucket of seals.
        settings: as the commands read them.
        environment: variables that say the same.
        root: certificate that the signer of seals leads to.
    """

    store: Store
    archive: Archive
    settings: AuditSettings
    environment: dict[str, str]
    root: Path
    dossiers: Repository[Dossier] = field(init=False)

    def __post_init__(self) -> None:
        ensure_collections(self.store, [Collection("dossiers")])
        self.dossiers = Repository(self.store, Dossier, "dossiers")

    def write(self, identity: str, *times: datetime) -> None:
        """Make a dossier, or go on with it: an entry for each time."""
        for time in times:
            command = Command(name="Note", actor="officers/1", time=time, reason="theo đơn của bà Lê Thị Bưởi")
            if self.store.collection("dossiers").find_one({"_id": identity}):
                self.dossiers.change(identity, command, lambda _: None)
            else:
                self.dossiers.create(Dossier(id=identity), command)

    def stored(self, identity: str) -> dict[str, Any]:
        found = self.store.collection("dossiers").find_one({"_id": identity})
        assert found is not None
        return found

    def put_back(self, document: dict[str, Any]) -> None:
        """Write a document as somebody would who has the password of the database."""
        self.store.collection("dossiers").replace_one({"_id": document["_id"]}, document, upsert=True)

    def seal(self, today: date = TODAY) -> list[Seal]:
        return seal_service(self.store, self.archive, SERVICE, self.settings.key, today, lambda _: None)

    def findings(self, today: date = TODAY, since: date | None = None) -> list[str]:
        """What a check finds, in short: `what name`."""
        check = Check(self.store, self.archive, SERVICE, self.trusted, lambda _: None, since)
        return [f"{each.what} {each.name.removeprefix('dossier ')}" for each in check.run(today)]

    @property
    def trusted(self) -> list[Any]:
        from motcua_kit.documents.statements import trusted_certificates  # noqa: PLC0415 - the one use

        return trusted_certificates(self.root)

    def motcua(self, *arguments: str) -> Result:
        """Run `motcua audit …`."""
        return CliRunner().invoke(main, ["audit", *arguments], env=self.environment)

    @property
    def options(self) -> list[str]:
        """What leads the commands to this database."""
        return ["--service", SERVICE, "--database-prefix", self.store.database.name.removesuffix(SERVICE)]


@pytest.fixture
def make_city(servers: EmbeddedServers, bucket: str, signing_files: dict[str, Path]) -> Iterator[Callable[..., City]]:
    """Make one; settings may be given."""
    made: list[City] = []

    def make(**given: object) -> City:
        access, mark = servers.object_store, uuid.uuid4().hex[:12]
        environment = {
            "MONGODB_URI": servers.mongodb_uri,
            "OBJECT_STORE_URL": access.url,
            "OBJECT_STORE_ACCESS_KEY": access.access_key,
            "OBJECT_STORE_SECRET_KEY": access.secret_key,
            "AUDIT_BUCKET": bucket,
            "AUDIT_PREFIX": mark,
            "AUDIT_LOCK": "governance",
            "AUDIT_RETENTION_DAYS": "1",
            "AUDIT_TRUST_FILE": str(signing_files["signing_chain_file"]),
            **{name.upper(): str(file) for name, file in signing_files.items()},
            **{name.upper(): str(value) for name, value in given.items()},
        }
        settings = AuditSettings.load(**{name.lower(): value for name, value in environment.items()})
        archive = Archive(settings)
        archive.ensure()
        store = Store(servers.mongodb_uri, f"test{mark}_{SERVICE}")
        city = City(store, archive, settings, environment, signing_files["signing_chain_file"])
        made.append(city)
        return city

    yield make
    for city in made:
        city.store.client.drop_database(city.store.database.name)
        city.store.close()


@pytest.fixture
def open_bucket(servers: EmbeddedServers) -> Iterator[str]:
    """A bucket that was made without object lock."""
    access, name = servers.object_store, f"open-{uuid.uuid4().hex[:12]}"
    client = s3_client(access.url, access.access_key, access.secret_key, "us-east-1")
    client.make_bucket(name)
    yield name
    for item in client.list_objects(name, recursive=True, include_version=True):
        client.remove_object(name, item.object_name or "", item.version_id)
    client.remove_bucket(name)


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """Three dossiers of the last three days, sealed for each day."""
    city = make_city()
    city.write("a", days_ago(3), days_ago(2), days_ago(1))
    city.write("b", days_ago(3), days_ago(3, 11), days_ago(3, 12))
    city.write("c", days_ago(2), days_ago(0, 0))
    for ago in (2, 1, 0):
        city.seal(TODAY - timedelta(days=ago))
    return city
