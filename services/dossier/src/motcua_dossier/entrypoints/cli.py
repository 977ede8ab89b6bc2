"""Commands for operators, besides those that every service has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from motcua_dossier.application.calendar import CalendarOffice
from motcua_dossier.domain.calendar import Override
from motcua_kit.clock import Clock
from motcua_kit.command import Command
from motcua_kit.data import DataError
from motcua_kit.domain import DomainError


def commands(
    office: Callable[[], tuple[CalendarOffice, Clock]], read: Callable[[Path], list[Override]], calendar: str
) -> list[click.Command]:
    """Return the commands.

    Args:
        office: makes what works on the calendar, when a command runs.
        read: reads an override file.
        calendar: id of the calendar in use.
    """

    @click.group("calendar", help="The working calendar.")
    def group() -> None:
        pass

    @group.command("load")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--reason", default="", help="Why, for the history.")
    def load(file: Path, reason: str) -> None:
        """Replace the overrides by those of a file; open due dates are computed anew."""
        calendars, clock = office()
        command = Command(name="ReplaceOverrides", actor="services/dossier", time=clock(), reason=reason)
        try:
            changed = calendars.replace(command, calendar, read(file), "")
        except (DataError, DomainError) as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{len(changed.overrides)} overrides in use")

    @group.command("show")
    def show() -> None:
        """List the overrides in use."""
        calendars, _ = office()
        for override in calendars.get(calendar).overrides:
            click.echo(f"{override.date} {override.kind.value:4} {override.unit or 'all'}  {override.reason}")

    return [group]
