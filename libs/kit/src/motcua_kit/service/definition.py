"""What the kit needs to know of a service to run it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

import click

from motcua_kit.access import PermissionTable
from motcua_kit.events.sent import ensure_sent_events
from motcua_kit.events.tasks import Tasks
from motcua_kit.leftovers import Leftovers, Names
from motcua_kit.localisation import Catalogue
from motcua_kit.rpc.server import GrpcServer, Servicer
from motcua_kit.service.runtime import Runtime
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Life, Migration, Store, migrate

SettingsType = TypeVar("SettingsType", bound=ServiceSettings)


@dataclass
class App:
    """A service, put together.

    Attributes:
        servicers: gRPC services.
        tasks: background work; None when there is none.
        http: makes the WSGI application; None when the service has no HTTP end.
    """

    servicers: Sequence[Servicer] = ()
    tasks: Tasks | None = None
    http: Callable[[], Any] | None = None


@dataclass(frozen=True)
class Service(Generic[SettingsType]):
    """What the kit needs to know to run a service.

    Attributes:
        name: e.g. `dossier`.
        settings: the class of its settings.
        build: puts the service together; the only place where its parts meet.
        migrations: schema changes, in order.
        names: says which objects in its bucket its documents name; None when it has no bucket.
        lives: how its documents follow from their histories.
        commands: further commands for its command line.
    """

    name: str
    settings: type[SettingsType]
    build: Callable[[SettingsType, Runtime], App]
    migrations: Sequence[Migration] = ()
    names: Callable[[Store], Names] | None = None
    lives: Sequence[Life[Any]] = ()
    commands: Sequence[click.Command] = field(default=())

    @property
    def buckets(self) -> bool:
        """Whether it keeps documents in the object store."""
        return self.names is not None

    @property
    def package(self) -> Path:
        """Folder of the service's package, where its permission table and texts lie."""
        return Path(inspect.getfile(self.build)).parent

    def load_settings(self, **overrides: Any) -> SettingsType:
        """Read the settings from the environment.

        Raises:
            pydantic.ValidationError: one is missing or wrong.
        """
        return self.settings(service_name=self.name, **overrides)

    def permissions(self) -> PermissionTable:
        """Return the service's permission table."""
        return PermissionTable.load(self.package / "permissions.yaml")

    def catalogue(self) -> Catalogue:
        """Return the Vietnamese texts of the service's errors."""
        return Catalogue.load(self.package / "messages.vi.yaml")

    def grpc_server(self, settings: SettingsType, runtime: Runtime, app: App) -> GrpcServer:
        """Return the service's gRPC server, ready to start."""
        return GrpcServer(
            settings,
            app.servicers,
            verifier=runtime.verifier,
            permissions=self.permissions(),
            catalogue=self.catalogue(),
            clock=runtime.clock,
        )

    def migrate(self, runtime: Runtime) -> list[str]:
        """Bring database and bucket up to date; returns what was applied."""
        if self.buckets:
            runtime.objects.ensure_bucket()
        ensure_sent_events(runtime.store)
        return migrate(runtime.store, self.migrations)

    def leftovers(self, runtime: Runtime) -> Leftovers:
        """Return what lies in the bucket though no document names it.

        Raises:
            ValueError: the service has no bucket.
        """
        if self.names is None:
            message = f"{self.name} has no bucket"
            raise ValueError(message)
        grace = timedelta(days=runtime.settings.object_store_grace_days)
        return Leftovers(runtime.store, runtime.objects, self.names(runtime.store), grace)
