"""`motcua audit`: seal the histories of each day, verify them, prove one of them to an outsider."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
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
from motcua_ops.audit.erasing import erase, parts_of
from motcua_ops.audit.leaves import find_history
from motcua_ops.audit.proofs import prove
from motcua_ops.audit.restores import state_restore
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
_by: Option = click.option("--by", required=True, help="Who ordered it: stays on record.")
_ground: Option = click.option("--ground", required=True, help="Why: article, number of the decision; stays on record.")


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
@click.option(
    "--since", default="", help="A day, or days back (2026-11-01, 30d): what was sealed or changed since then only."
)
@failures_in_a_line
def verify_command(database_prefix: str, services: tuple[str, ...], trust: Path | None, since: str) -> None:
    """Check histories and seals; exit 1 when anything was changed, removed or inserted."""
    settings = _loaded()
    archive, today, alarms = Archive(settings), datetime.now(VIETNAM).date(), 0
    first = _day(since, today) if since else None
    trusted = _trusted(trust or settings.audit_trust_file)
    if not trusted:
        click.echo("not trusted: nobody vouches for the signer of the seals; name --trust or AUDIT_TRUST_FILE")
    for service in services or SERVICES:
        with _database(settings, database_prefix, service) as store:
            for finding in Check(store, archive, service, trusted, say, first).run(today):
                alarms += finding.alarm
                click.echo(str(finding))
    click.echo(f"{alarms} findings" if alarms else "nothing was changed, removed or inserted")
    raise SystemExit(1 if alarms else 0)


@command.command("erase")
@click.argument("name")
@click.option("--service", default="dossier", show_default=True, type=click.Choice(SERVICES), help="Whose it is.")
@click.option("--field", "fields", required=True, multiple=True, type=click.Choice(PERSONAL), help="What to erase.")
@click.option("--value", default="", help="Only where it says exactly this, e.g. the resource name of the person.")
@click.option("--entry", "versions", multiple=True, type=click.IntRange(1), help="Only of this entry; repeatable.")
@_by
@_ground
@click.option("--yes", is_flag=True, help="Do not ask.")
@_prefix
@failures_in_a_line
def erase_command(
    name: str,
    service: str,
    fields: tuple[str, ...],
    value: str,
    versions: tuple[int, ...],
    by: str,
    ground: str,
    database_prefix: str,
    *,
    yes: bool,
) -> None:
    """Erase personal values from the history of NAME for good; the order is its next entry.

    Hashes, seals and proofs hold. Nothing but the history is touched: see docs/how-to/seal-histories.md.
    """
    settings, full = _loaded(), _full(name)
    with _database(settings, database_prefix, service) as store:
        found = find_history(store, full)
        parts = list(parts_of(found[1], fields, versions, value)) if found else []
        if not parts:
            raise OpsError(f"{service}: there is nothing of that in the history of {full}")
        said = f"{service} {full}: {', '.join(map(str, parts))}"
        if not yes:
            click.confirm(f"erase for good of {said}", abort=True)
        erase(store, full, parts, by=by, ground=ground)
    click.echo(f"erased of {said}")


@command.command("restored")
@click.option("--point", required=True, help="Moment of the backup, as `motcua restore` printed it.")
@_by
@_ground
@_services
@failures_in_a_line
def restored_command(point: str, by: str, ground: str, services: tuple[str, ...]) -> None:
    """State that databases were put back: what was sealed since then is not missed. Run it before the next seal."""
    settings, moment = _loaded(), _moment(point)
    key, archive = settings.key, Archive(settings)
    for service in services or SERVICES:
        try:
            restore = state_restore(archive, service, key, moment, by, ground)
        except StatementError as error:
            raise OpsError(f"{service}: {error}") from error
        click.echo(f"{service}: seals from {restore.first_day} to {restore.last_day} are explained, {archive.promise}")


def _day(text: str, today: date) -> date:
    back = re.fullmatch(r"(\d{1,5})d", text)
    try:
        return today - timedelta(days=int(back[1])) if back else date.fromisoformat(text)
    except ValueError as error:
        raise OpsError(f"--since: {text} is neither a day, as 2026-11-01, nor a number of days, as 30d") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise OpsError(f"--point: {text} is no moment with its offset, such as 2026-11-23T01:30:00+00:00")
    return moment


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
        proof = prove(store, Archive(settings), service, _full(name), hide)
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


def _full(name: str) -> str:
    return name if "/" in name else f"dossiers/{name}"


def _trusted(file: Path | None) -> list[Any]:
    try:
        return trusted_certificates(file) if file else []
    except StatementError as error:
        raise OpsError(str(error)) from error
