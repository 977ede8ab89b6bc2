"""Imports lines from standard input in a process that a test may kill; says after each batch how many lines are done.

python importing.py MONGODB_URI DATABASE IDENTITY_ADDRESS CITY_FOLDER
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from motcua_client import connect
from motcua_dossier.adapters import collections
from motcua_dossier.adapters.calendars import StoredCalendars
from motcua_dossier.adapters.city import JsonSchemaForms, ProcedureFiles, load_overrides
from motcua_dossier.adapters.identity import IdentityRegistry
from motcua_dossier.adapters.import_lines import MAX_LINE, parse_line
from motcua_dossier.adapters.taken_over import MongoTakenOver
from motcua_dossier.application.importing import Importer
from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.entrypoints.import_command import lines_of
from motcua_kit.store import Repository, Store


def now() -> datetime:
    return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def main(uri: str, database: str, identity: str, folder: str) -> None:
    city, store, client = Path(folder), Store(uri, database), connect(identity)
    calendars = Repository(store, CityCalendar, collections.CALENDARS)
    procedures = ProcedureFiles(city)
    importer = Importer(
        parse=parse_line,
        taken=MongoTakenOver(store),
        procedures=procedures,
        forms=JsonSchemaForms(city, procedures.all),
        registry=IdentityRegistry(lambda: client.channel),
        calendars=StoredCalendars(calendars, lambda: load_overrides(city / "calendar" / "overrides.yaml"), now),
        clock=now,
        progress=lambda tally: click.echo(tally.lines),
    )
    importer.run(lines_of("-", MAX_LINE))


if __name__ == "__main__":
    main(*sys.argv[1:])
