"""Command line of the register: draw the made-up one, load one."""

from __future__ import annotations

import filecmp
import tempfile
from pathlib import Path

import click
from pymongo.errors import ConnectionFailure

from motcua_kit.clock import system_clock
from motcua_kit.command import Command
from motcua_kit.data import DataError, load
from motcua_kit.store import PageSigner, Store, pending_migrations
from motcua_land.adapters import city_files
from motcua_land.adapters.register_files import CERTIFICATES, PARCELS, ROADS, read_register, write_ward
from motcua_land.adapters.register_store import MIGRATIONS, MongoCertificates, MongoParcels
from motcua_land.application.loading import Loaded, Progress, RegisterConflict, RegisterLoader
from motcua_land.domain.register_check import register_problems
from motcua_land.settings import LandSettings
from motcua_land.synthetic.plan import WardPlan
from motcua_land.synthetic.register import make_register

SHOWN = 20
"""Problems shown; the rest is counted."""


@click.command("generate")
@click.option(
    "--dir",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("city/parcels"),
    show_default=True,
    help="Folder with wards.yaml; the ward folders are written into it.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 when the files there differ from what would be drawn."
)
def generate(folder: Path, *, check: bool) -> None:
    """Draw the made-up register of the wards in wards.yaml. The same plan gives the same files."""
    if not check:
        draw(folder, folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        draw(folder, Path(scratch))
        stale = [
            f"{ward.name}/{name}"
            for ward in sorted(Path(scratch).iterdir())
            for name in (PARCELS, ROADS, CERTIFICATES)
            if not (folder / ward.name / name).exists()
            or not filecmp.cmp(ward / name, folder / ward.name / name, shallow=False)
        ]
    if stale:
        raise click.ClickException(f"differ from the plan: {', '.join(stale)}; run: python -m motcua_land generate")


def draw(folder: Path, target: Path) -> None:
    """Draw the wards of a plan into `target`, one folder each."""
    plans = load(folder / "wards.yaml", WardPlan)
    for ward in make_register(plans, city_files.area_tolerance(folder)):
        name = ward.unit.removeprefix("units/")
        write_ward(target / name, ward.parcels, ward.certificates, ward.roads)
        click.echo(
            f"{name}: {len(ward.parcels)} parcels, {len(ward.certificates)} certificates, {len(ward.roads)} roads"
        )


@click.command("load")
@click.option(
    "--dir",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("city/parcels"),
    show_default=True,
    help="Folder with the City's facts about land and one folder a ward.",
)
def load_command(folder: Path) -> None:
    """Check a register and load what is not there yet; running it again changes nothing."""
    settings = LandSettings(service_name="land")
    store = Store(settings.mongodb_uri.get_secret_value(), settings.database, "motcua-land-load")
    try:
        if pending_migrations(store, MIGRATIONS):
            raise click.ClickException("the database is behind this version; run: python -m motcua_land migrate")
        loaded = load_register(store, folder, lambda what, done, of: click.echo(f"{what}: {done} of {of}"))
    except ConnectionFailure as error:
        raise click.ClickException(f"the database does not answer: {error}") from None
    except DataError as error:
        raise click.ClickException(f"nothing was loaded: {error}") from None
    finally:
        store.close()
    click.echo(f"loaded {loaded.parcels} parcels, {loaded.certificates} certificates; {loaded.present} there already")


def load_register(store: Store, folder: Path, progress: Progress) -> Loaded:
    """Check the register in a folder and load what is not there yet.

    Raises:
        ClickException: the register is wrong, or the database holds something else; nothing was written.
        DataError: a file is not of the shape it needs.
    """
    register = read_register(folder)
    problems = register_problems(register.parcels, register.certificates, register.roads, city_files.rules(folder))
    if problems:
        raise _refusal(problems)
    loader = RegisterLoader(MongoParcels(store, PageSigner("")), MongoCertificates(store))
    now = system_clock()
    command = Command(name="land.load", actor="services/land", time=now.replace(microsecond=0), reason=str(folder.name))
    try:
        return loader.load(register.parcels, register.certificates, command, progress)
    except RegisterConflict as conflict:
        raise _refusal(conflict.problems) from None


def _refusal(problems: list[str] | tuple[str, ...]) -> click.ClickException:
    more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return click.ClickException("nothing was loaded:\n" + "\n".join(f"  {line}" for line in [*problems[:SHOWN], *more]))
