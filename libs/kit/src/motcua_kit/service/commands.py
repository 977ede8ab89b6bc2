"""A service's command line: `python -m motcua_<svc> grpc|http|worker|migrate|dead-letters|rebuild|leftovers`."""

from __future__ import annotations

import signal
import sys
from typing import Any

import click

from motcua_kit.events.broker import celery_app
from motcua_kit.events.dead_letters import DeadLetters
from motcua_kit.health import Health, serve_health
from motcua_kit.logs import setup_logs
from motcua_kit.refusals import refusals_told
from motcua_kit.service.definition import Service
from motcua_kit.service.runtime import Runtime
from motcua_kit.service.schema import require_database, require_schema
from motcua_kit.service.worker import run_worker
from motcua_kit.store import lives, pending_migrations
from motcua_kit.telemetry import flush_telemetry, setup_telemetry


def run(service: Service[Any]) -> None:
    """Run a service's command line; settings that are refused end it with one log line that says why."""
    with refusals_told(service.name):
        command_line(service)()


def command_line(service: Service[Any]) -> click.Group:
    """Return the command line of a service."""

    @click.group(help=f"The {service.name} service of Motcua. Settings come from the environment; see its README.")
    def group() -> None:
        # The first process of a container has no default action for SIGTERM: without this it would not hear it.
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))

    @group.command("grpc")
    @click.option("--migrate", "migrate_first", is_flag=True, help="Bring database and bucket up to date first.")
    def grpc_command(*, migrate_first: bool) -> None:
        """Serve gRPC."""
        _serve_grpc(service, migrate_first=migrate_first)

    @group.command("http")
    def http_command() -> None:
        """Serve HTTP."""
        from motcua_kit.http import serve_http  # noqa: PLC0415 - Flask and gunicorn are for this process only

        serve_http(service)

    @group.command("worker")
    @click.option("--queue", "queues", multiple=True, help="Queue to work on, e.g. `slow`; all when not given.")
    def worker_command(queues: tuple[str, ...]) -> None:
        """Work on background tasks."""
        run_worker(service, queues)

    @group.command("migrate")
    @click.option("--check", is_flag=True, help="Only list what is pending; exit 1 when something is.")
    def migrate_command(*, check: bool) -> None:
        """Bring database and bucket up to date."""
        settings = service.load_settings()
        setup_logs(settings)
        require_database(settings)
        runtime = Runtime(settings)
        pending = [migration.id for migration in pending_migrations(runtime.store, service.migrations)]
        done = pending if check else service.migrate(runtime)
        click.echo("\n".join(f"{'pending' if check else 'applied'} {identity}" for identity in done), nl=bool(done))
        raise SystemExit(1 if check and pending else 0)

    group.add_command(_dead_letter_commands(service))
    if service.lives:
        group.add_command(_rebuild_command(service))
    if service.buckets:
        group.add_command(_leftovers_command(service))
    for extra in service.commands:
        group.add_command(extra)
    return group


def _serve_grpc(service: Service[Any], *, migrate_first: bool) -> None:
    settings = service.load_settings()
    setup_logs(settings)
    setup_telemetry(settings)
    runtime = Runtime(settings)
    health = Health()
    with serve_health(settings.health_bind, health):
        if migrate_first:
            service.migrate(runtime)
        require_schema(service, settings, health)
        server = service.grpc_server(settings, runtime, service.build(settings, runtime))
        health.live, health.ready = server.live, server.ready
        server.run()
    flush_telemetry()


def _rebuild_command(service: Service[Any]) -> click.Command:
    @click.command("rebuild", help="Compute states, queues and statistics again from the history of each document.")
    @click.option("--apply/--check", "apply", default=False, help="Set right what differs, or only list it (default).")
    def command(*, apply: bool) -> None:
        store = Runtime(service.load_settings()).store
        go_through = lives.mend if apply else lives.check
        wrong = 0
        for deviation, mended in go_through(store, service.lives):
            click.echo(f"{'mended' if mended else 'wrong'} {deviation.resource}: {deviation.text}")
            wrong += not mended
        raise SystemExit(1 if wrong else 0)

    return command


def _leftovers_command(service: Service[Any]) -> click.Command:
    @click.command("leftovers", help="Bytes in the bucket that no document has named for OBJECT_STORE_GRACE_DAYS.")
    @click.option("--apply/--check", "apply", default=False, help="Delete them for good, or only list them (default).")
    def command(*, apply: bool) -> None:
        settings = service.load_settings()
        setup_logs(settings)
        leftovers = service.leftovers(Runtime(settings))
        if apply:
            for walk in leftovers.remove_all():
                click.echo(f"seen {walk.seen}, removed {walk.removed} ({walk.size} bytes), refused {walk.refused}")
        else:
            for one in leftovers.find():
                click.echo(f"{one.key} {one.version} {one.time:%Y-%m-%d} {one.size} bytes")

    return command


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
    def replay_command(identity: str, *, everything: bool) -> None:
        """Give one, or all, back to the workers."""
        if bool(identity) == everything:
            raise click.UsageError("name one dead letter, or say --all")
        settings = service.load_settings()
        runtime = Runtime(settings)
        routes = {item.route for item in runtime.topology.tasks_of(service.name).values()}
        count = DeadLetters(runtime.store).replay(celery_app(settings, routes), identity)
        if identity and not count:
            raise click.ClickException(f"there is no dead letter {identity}")
        click.echo(f"{count} replayed")

    return group
