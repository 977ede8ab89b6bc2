"""What a service is made of, and its command line: `python -m motcua_<svc> grpc|http|worker|migrate|dead-letters`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import click
import grpc
import structlog
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown
from pydantic import ValidationError

from motcua_kit.access import PermissionTable
from motcua_kit.access_log import AccessLog
from motcua_kit.clock import Clock
from motcua_kit.documents import Signer
from motcua_kit.events.broker import celery_app
from motcua_kit.events.dead_letters import DeadLetters
from motcua_kit.events.tasks import Runner, Tasks, register
from motcua_kit.http import serve_http
from motcua_kit.localisation import Catalogue
from motcua_kit.logs import setup_logs
from motcua_kit.objects import ObjectStore
from motcua_kit.rpc.channels import Channels
from motcua_kit.rpc.server import GrpcServer, Servicer
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Migration, PageSigner, Store, migrate, pending_migrations
from motcua_kit.telemetry import flush_telemetry, setup_telemetry
from motcua_kit.tokens import TokenVerifier
from motcua_kit.topology import Topology

log = structlog.get_logger(__name__)

SettingsType = TypeVar("SettingsType", bound=ServiceSettings)


class Runtime:
    """What a process gives to the service in it. Make it after a fork; parts open when they are first used."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings

    @cached_property
    def clock(self) -> Clock:
        """Business time."""
        return self.settings.clock()

    @cached_property
    def store(self) -> Store:
        """The service's database."""
        uri = self.settings.mongodb_uri.get_secret_value()
        return Store(uri, self.settings.database, f"motcua-{self.settings.service_name}")

    @cached_property
    def objects(self) -> ObjectStore:
        """The service's bucket."""
        settings = self.settings
        return ObjectStore(
            settings.object_store_url,
            settings.object_store_access_key.get_secret_value(),
            settings.object_store_secret_key.get_secret_value(),
            settings.bucket,
            public_url=settings.object_store_public_url,
            region=settings.object_store_region,
        )

    @cached_property
    def channels(self) -> Channels:
        """Channels to the other services."""
        return Channels(self.settings)

    def channel(self, service: str) -> grpc.Channel:
        """Return the channel to another service, with this service's own credentials."""
        return self.channels.to(service)

    @cached_property
    def access_log(self) -> AccessLog:
        """Log of who read a person's data."""
        return AccessLog(self.store, self.clock)

    @cached_property
    def page_signer(self) -> PageSigner:
        """Signs page tokens."""
        return PageSigner(self.settings.page_token_key.get_secret_value())

    @cached_property
    def verifier(self) -> TokenVerifier:
        """Checks access tokens."""
        issuer = self.settings.issuer
        return TokenVerifier.of(issuer, self.settings.jwks_url or f"{issuer.rstrip('/')}/jwks.json")

    @cached_property
    def signer(self) -> Signer:
        """Signs documents."""
        from motcua_kit.documents.sign import FileKey, PadesSigner  # noqa: PLC0415 - takes a second to import

        settings = self.settings
        files = (settings.signing_key_file, settings.signing_certificate_file, settings.signing_chain_file)
        if None in files:
            message = "set signing_key_file, signing_certificate_file and signing_chain_file to sign documents"
            raise ValueError(message)
        key, certificate, chain = (file for file in files if file is not None)
        return PadesSigner(FileKey(key, certificate, chain, settings.signing_key_passphrase.get_secret_value()))

    @cached_property
    def topology(self) -> Topology:
        """Events, subscribers, schedules."""
        return Topology.load(self.settings.topology_file)


@dataclass
class App:
    """A service, put together.

    Attributes:
        servicers: gRPC services.
        tasks: background work; None when there is none.
        http: WSGI application; None when the service has no HTTP end.
    """

    servicers: Sequence[Servicer] = ()
    tasks: Tasks | None = None
    http: Any = None


@dataclass(frozen=True)
class Service(Generic[SettingsType]):
    """What the kit needs to know to run a service.

    Attributes:
        name: e.g. `dossier`.
        settings: the class of its settings.
        build: puts the service together; the only place where its parts meet.
        migrations: schema changes, in order.
        buckets: whether it keeps documents in the object store.
        commands: further commands for its command line.
    """

    name: str
    settings: type[SettingsType]
    build: Callable[[SettingsType, Runtime], App]
    migrations: Sequence[Migration] = ()
    buckets: bool = False
    commands: Sequence[click.Command] = field(default=())

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
        return migrate(runtime.store, self.migrations)


def run(service: Service[Any]) -> None:
    """Run a service's command line."""
    command_line(service)()


def command_line(service: Service[Any]) -> click.Group:
    """Return the command line of a service."""

    @click.group(help=f"The {service.name} service of Motcua. Settings come from the environment; see its README.")
    def group() -> None:
        pass

    def command(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def with_clear_settings_errors(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except ValidationError as error:
                lines = [f"  {'.'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors()]
                raise click.ClickException("settings:\n" + "\n".join(lines)) from None

        return with_clear_settings_errors

    @group.command("grpc")
    @command
    def grpc_command() -> None:
        """Serve gRPC."""
        settings, runtime = _start(service)
        _refuse_old_schema(service, runtime)
        service.grpc_server(settings, runtime, service.build(settings, runtime)).run()
        flush_telemetry()

    @group.command("http")
    @command
    def http_command() -> None:
        """Serve HTTP."""
        serve_http(service)

    @group.command("worker")
    @click.option("--queue", "queues", multiple=True, help="Queue to work on, e.g. `slow`; all when not given.")
    @command
    def worker_command(queues: tuple[str, ...]) -> None:
        """Work on background tasks."""
        run_worker(service, queues)

    @group.command("migrate")
    @click.option("--check", is_flag=True, help="Only list what is pending; exit 1 when something is.")
    @command
    def migrate_command(check: bool) -> None:
        """Bring database and bucket up to date."""
        settings = service.load_settings()
        setup_logs(settings)
        runtime = Runtime(settings)
        if check:
            pending = pending_migrations(runtime.store, service.migrations)
            for migration in pending:
                click.echo(migration.id)
            raise SystemExit(1 if pending else 0)
        for identity in service.migrate(runtime):
            click.echo(f"applied {identity}")

    group.add_command(_dead_letter_commands(service))
    for extra in service.commands:
        group.add_command(extra)
    return group


def run_worker(service: Service[Any], queues: Sequence[str] = ()) -> None:
    """Work on a service's tasks until told to stop. Children build the service after the fork."""
    settings = service.load_settings()
    topology = Topology.load(settings.topology_file)
    wanted = topology.tasks_of(service.name)
    app = celery_app(settings, {item.route for item in wanted.values()} | {f"{service.name}.default"})
    runners: list[Runner] = []

    def build(**_: object) -> None:
        setup_logs(settings)
        setup_telemetry(settings)
        runtime = Runtime(settings)
        tasks = service.build(settings, runtime).tasks or Tasks(service.name)
        if tasks.names != wanted.keys():
            difference = ", ".join(sorted(tasks.names ^ wanted.keys()))
            message = f"handlers and topology differ: {difference}"
            raise ValueError(message)
        runners.append(Runner(tasks, DeadLetters(runtime.store), runtime.clock))

    register(app, {name: item.route for name, item in wanted.items()}, lambda: runners[0])
    setup_logging.connect(lambda **_: setup_logs(settings), weak=False)
    worker_process_init.connect(build, weak=False)
    worker_process_shutdown.connect(lambda **_: flush_telemetry(), weak=False)
    names = [f"{service.name}.{queue}" for queue in queues]
    app.worker_main(
        ["worker", "--without-gossip", "--without-mingle", f"--hostname={service.name}@%h"]
        + ([f"--queues={','.join(names)}"] if names else [])
    )


def _start(service: Service[Any]) -> tuple[Any, Runtime]:
    settings = service.load_settings()
    setup_logs(settings)
    setup_telemetry(settings)
    return settings, Runtime(settings)


def _refuse_old_schema(service: Service[Any], runtime: Runtime) -> None:
    if pending := pending_migrations(runtime.store, service.migrations):
        names = ", ".join(migration.id for migration in pending)
        raise click.ClickException(
            f"the database is behind this version ({names}); run: python -m motcua_{service.name} migrate"
        )


def _dead_letter_commands(service: Service[Any]) -> click.Group:
    @click.group("dead-letters", help="Events that a handler gave up on.")
    def group() -> None:
        pass

    @group.command("list")
    def list_command() -> None:
        """List them with the reason, oldest first."""
        runtime = Runtime(service.load_settings())
        for letter in DeadLetters(runtime.store).all():
            reason = letter.error.strip().splitlines()[-1]
            click.echo(f"{letter.time:%Y-%m-%d %H:%M:%S}  {letter.id}  after {letter.attempts} attempts: {reason}")

    @group.command("replay")
    @click.argument("identity", required=False, default="")
    @click.option("--all", "everything", is_flag=True, help="Replay all of them.")
    def replay_command(identity: str, everything: bool) -> None:
        """Give one, or all, back to the workers."""
        if bool(identity) == everything:
            raise click.UsageError("name one dead letter, or say --all")
        settings = service.load_settings()
        runtime = Runtime(settings)
        routes = {item.route for item in runtime.topology.tasks_of(service.name).values()}
        count = DeadLetters(runtime.store).replay(celery_app(settings, routes), identity)
        click.echo(f"{count} replayed")

    return group
