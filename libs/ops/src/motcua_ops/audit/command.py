"""`motcua audit`: seal the histories of each day, verify them, prove one of them to an outsider."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from motcua_kit.clock import VIETNAM
from motcua_kit.documents.statements import StatementError, trusted_certificates
from motcua_kit.lease import LeaseUnavailable
from motcua_kit.store import Store
from motcua_kit.store.chain import PERSONAL, canonical
from motcua_ops.audit import offline
from motcua_ops.audit.archive import Archive
from motcua_ops.audit.checking import Check
from motcua_ops.audit.proofs import prove
from motcua_ops.audit.sealing import adopt, seal_service
from motcua_ops.audit.settings import AuditSettings, Lock
from motcua_ops.backup.options import failures_in_a_line, say
from motcua_ops.backup.suite import DATABASE_PREFIX
from motcua_ops.errors import OpsError
from motcua_ops.naming import SERVICES

Option = Callable[[Callable[..., None]], Callable[..., None]]

_prefix: Option = click.option(
    "--database-prefix", default=DATABASE_PREFIX, show_default=True, help="Databases are this + service."
)
_services: Option = click.option(
    "--service", "services", multiple=True, type=click.Choice(SERVICES), help="Only this one; all when not given."
)
_trust: Option = click.option(
    "--trust", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Certificates (PEM) that you trust."
)


@click.group("audit")
def command() -> None:
    """Seal the histories of each day, verify them, prove one of them to an outsider."""


@contextmanager
def _database(settings: AuditSettings, prefix: str, service: str) -> Iterator[Store]:
    with closing(Store(settings.mongodb_uri.get_secret_value(), f"{prefix}{service}", "motcua-audit")) as store:
        yield store


def _loaded(**given: object) -> AuditSettings:
    settings = AuditSettings.load(**given)
    settings.refuse_without_stores()
    return settings


@command.command("seal")
@click.option("--no-lock", is_flag=True, help="Without object lock, whatever AUDIT_LOCK says: for development.")
@_prefix
@_services
@failures_in_a_line
def seal_command(database_prefix: str, services: tuple[str, ...], *, no_lock: bool) -> None:
    """Seal all days that are over. Run it as often as you like: a day is sealed once."""
    settings = _loaded(**({"audit_lock": Lock.NONE} if no_lock else {}))
    key, archive, today = settings.key, Archive(settings), datetime.now(VIETNAM).date()
    archive.ensure()
    for service in services or SERVICES:
        with _database(settings, database_prefix, service) as store:
            try:
                made = seal_service(store, archive, service, key, today)
            except (StatementError, LeaseUnavailable) as error:
                raise OpsError(f"{service}: {error}") from error
        click.echo(f"{service}: {len(made)} days sealed{f', {archive.promise}' if made else ''}")


@command.command("adopt")
@_prefix
@_services
@failures_in_a_line
def adopt_command(database_prefix: str, services: tuple[str, ...]) -> None:
    """Link what an older version wrote, after an upgrade or a rollback. The links say that they came later."""
    settings = _loaded()
    for service in services or SERVICES:
        with _database(settings, database_prefix, service) as store:
            click.echo(f"{service}: {adopt(store)} aggregates adopted")


@command.command("verify")
@_prefix
@_services
@_trust
@failures_in_a_line
def verify_command(database_prefix: str, services: tuple[str, ...], trust: Path | None) -> None:
    """Check all histories and seals; exit 1 when anything was changed, removed or inserted."""
    settings = _loaded()
    archive, today, alarms = Archive(settings), datetime.now(VIETNAM).date(), 0
    trusted = _trusted(trust or settings.audit_trust_file)
    if not trusted:
        click.echo("not trusted: nobody vouches for the signer of the seals; name --trust or AUDIT_TRUST_FILE")
    for service in services or SERVICES:
        with _database(settings, database_prefix, service) as store:
            for finding in Check(store, archive, service, trusted, say).run(today):
                alarms += finding.alarm
                click.echo(str(finding))
    click.echo(f"{alarms} findings" if alarms else "nothing was changed, removed or inserted")
    raise SystemExit(1 if alarms else 0)


@command.command("proof")
@click.argument("name")
@click.option("--service", default="dossier", show_default=True, type=click.Choice(SERVICES), help="Whose it is.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option(
    "--hide", multiple=True, type=click.Choice(PERSONAL), help="Personal field that the proof shall not show."
)
@_prefix
@failures_in_a_line
def proof_command(name: str, service: str, output: Path, hide: tuple[str, ...], database_prefix: str) -> None:
    """Write the proof of what stands in the history of NAME, e.g. `dossiers/4f0c…`."""
    settings = _loaded()
    with _database(settings, database_prefix, service) as store:
        proof = prove(store, Archive(settings), service, name if "/" in name else f"dossiers/{name}", hide)
    draft = output.with_name(f".{output.name}.part")
    draft.write_bytes(canonical(proof) + b"\n")
    draft.replace(output)
    click.echo(f"{output}: {len(proof['entries'])} entries")


@command.command("check-proof")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_trust
def check_proof_command(file: Path, trust: Path | None) -> None:
    """Check a proof; needs no network and no store."""
    try:
        proven = offline.check(json.loads(file.read_bytes()), _trusted(trust))
    except (offline.ProofError, ValueError) as error:
        raise OpsError(f"{file} proves nothing: {error}") from error
    click.echo(f"{proven.name}: {proven.sealed} entries stood there at the end of {proven.seal.day}")
    if proven.entries > proven.sealed:
        click.echo(f"entries {proven.sealed + 1} to {proven.entries} came later and are not sealed in this proof")
    click.echo(f"signed by {proven.statement.signer} at {proven.seal.sealed_time}")
    if trust is None:
        click.echo("not trusted: nobody vouches for that signer here; name --trust")


def _trusted(file: Path | None) -> list[Any]:
    try:
        return trusted_certificates(file) if file else []
    except StatementError as error:
        raise OpsError(str(error)) from error
