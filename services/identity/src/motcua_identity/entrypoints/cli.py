"""Commands for operators, besides those that every service has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from motcua_identity.application.key_ring import KeyRing
from motcua_identity.application.seeding import Seeder, SeedError, SeedFile
from motcua_kit.data import DataError, load_file
from motcua_kit.domain import DomainError


def commands(
    seeder: Callable[[], Seeder], key_ring: Callable[[], KeyRing], reseal_secrets: Callable[[], int]
) -> list[click.Command]:
    """Return the commands; what they work with is made when one runs."""

    @click.command("seed")
    @click.option(
        "--file",
        "file",
        required=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Clients and officers (see the README); secrets lie in files beside it.",
    )
    def seed(file: Path) -> None:
        """Bring in clients and officers; a second run changes nothing."""
        try:
            changes = seeder().seed(load_file(file, SeedFile), lambda name: _secret(file.parent / name))
        except (SeedError, DataError, DomainError, OSError) as error:
            raise click.ClickException(str(error)) from error
        for change in changes:
            click.echo(change)
        click.echo(f"{len(changes)} changes")

    @click.command("rotate-keys")
    @click.option("--leaked", is_flag=True, help="The present keys are known to others: believe them no more.")
    def rotate_keys(leaked: bool) -> None:  # noqa: FBT001 - click passes options so
        """Add a signing key; the present one runs out after the last token it signed."""
        key = key_ring().rotate(leaked=leaked)
        click.echo(f"{key.kid} signs from {key.sign_time:%Y-%m-%d %H:%M:%SZ}")

    @click.command("reseal")
    def reseal() -> None:
        """Encrypt with the first key in SEALING_KEY what the second has sealed."""
        click.echo(f"{reseal_secrets()} secrets are sealed with the present key")

    return [seed, rotate_keys, reseal]


def _secret(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()
