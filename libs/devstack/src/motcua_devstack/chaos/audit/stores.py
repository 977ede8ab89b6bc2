"""The stores of the suite as an audit reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path

from bson.codec_options import CodecOptions
from pymongo.collection import Collection

from motcua_devstack.load.ledger import Entry
from motcua_devstack.paths import ROOT
from motcua_kit.clock import Clock, system_clock
from motcua_kit.store.connection import Document
from motcua_kit.topology import Topology
from motcua_notify.adapters.city import load_library
from motcua_notify.domain.library import Library
from motcua_ops.backup.objects import Bucket
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import Part, load_suite
from motcua_permits.adapters.city import load_catalogue
from motcua_permits.domain.catalogue import Catalogue

AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True)


@dataclass(frozen=True)
class Audited:
    """What an audit looks at.

    Attributes:
        stores: databases and buckets.
        topology: who gets which event.
        city: folder of the City's data that the suite runs on.
        sink: URL of the providers' stand-in for short messages, which knows the e-mails too; empty when there is none.
        ledger: what clients asked for and were told.
        clock: the suite's business time.
    """

    stores: Stores
    topology: Topology
    city: Path
    sink: str = ""
    ledger: tuple[Entry, ...] = ()
    clock: Clock = system_clock

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the services."""
        return tuple(self.stores.parts)

    @property
    def buckets(self) -> Mapping[str, Bucket]:
        """Buckets by service."""
        return self.stores.buckets

    @cached_property
    def library(self) -> Library:
        """What the City says, when and to whom."""
        return load_library(self.city)

    def is_permit(self, procedure: str) -> bool:
        """Tell whether a procedure ends in a building permit."""
        return self.catalogue.is_permit(procedure.removeprefix("procedures/"))

    @cached_property
    def catalogue(self) -> Catalogue:
        """What the City says of building permits."""
        return load_catalogue(self.city)

    @property
    def now(self) -> datetime:
        """Business time now."""
        return self.clock()

    def collection(self, service: str, name: str) -> Collection[Document]:
        """A collection of a service; times in it are aware."""
        database = self.stores.mongodb.get_database(self.stores.parts[service].database, codec_options=AWARE)
        return database[name]

    def collections(self, service: str) -> Iterator[Collection[Document]]:
        """All collections of a service that may hold aggregates."""
        names = self.stores.mongodb[self.stores.parts[service].database].list_collection_names()
        return (self.collection(service, name) for name in sorted(names) if not name.startswith(("_", "system.")))

    def find(self, service: str, collection: str, name: str) -> Document | None:
        """The document of a resource name; None when there is none."""
        return self._read(service, collection, name.rpartition("/")[2])

    @cached_property
    def _read(self) -> Callable[[str, str, str], Document | None]:
        """Reads a document once: a dossier has some thirty events, and nothing changes while a suite is audited."""

        @lru_cache(maxsize=500)
        def read(service: str, collection: str, identity: str) -> Document | None:
            return self.collection(service, collection).find_one({"_id": identity})

        return read


@contextmanager
def open_audited(
    settings: BackupSettings,
    *,
    sink: str = "",
    ledger: tuple[Entry, ...] = (),
    clock: Clock = system_clock,
    parts: Mapping[str, Part] | None = None,
) -> Iterator[Audited]:
    """Open the stores for the block.

    Args:
        settings: where the stores are.
        sink: URL of the providers' stand-in.
        ledger: what clients asked for and were told.
        clock: the suite's business time.
        parts: what each service keeps; the suite's own names when not given.

    Raises:
        OpsError: the settings name no stores.
    """
    topology = Topology.load(ROOT / "telemetry" / "topology.yaml")
    with open_stores(settings, parts or load_suite()) as stores:
        yield Audited(stores, topology, ROOT / "city", sink, ledger, clock)
