"""`import`: takes over the dossiers of the system before this one. How-to: `docs/how-to/import.md`."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import TextIO

import click

from motcua_client.errors import MotcuaError
from motcua_dossier.application.importing import Importer, Refusal, Tally
from motcua_kit.domain import DomainError

Making = Callable[[Callable[[Refusal], None], Callable[[Tally], None]], AbstractContextManager[Importer]]
"""Opens what imports, given where refusals and progress are told."""

REFUSED, BROKEN_OFF = 1, 3
"""Exit codes: some lines were not taken; not all lines were looked at."""

STEP = 10_000
"""Lines between two words on the progress."""


def import_command(importer: Making, longest: int) -> click.Command:
    """Return the command.

    Args:
        importer: opens what imports, when the command runs.
        longest: bytes of the longest line that can be valid.
    """

    @click.command("import")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
    @click.option("--check", is_flag=True, help="Look at all lines and write nothing.")
    @click.option("--report", type=click.File("w", encoding="utf-8"), default="-", help="Where refusals go.")
    @click.option("--reason", default="", help="Why, for the histories.")
    def command(file: str, *, check: bool, report: TextIO, reason: str) -> None:
        """Take over dossiers from FILE.jsonl, FILE.jsonl.gz or - (standard input), one a line.

        What is not taken is told in the report, a JSON object each: line, code, field, reason, message. A line that was
        taken before is left as it is, so a run that was broken off is run again.

        Exit code: 0 all is in, 1 some lines were refused, 3 it broke off and wants to be run again.
        """

        def refuse(refusal: Refusal) -> None:
            report.write(json.dumps(asdict(refusal), ensure_ascii=False) + "\n")

        def progress(tally: Tally) -> None:
            if tally.lines % STEP == 0:
                click.echo(tally, err=True)

        try:
            with importer(refuse, progress) as opened:
                tally = opened.run(lines_of(file, longest), check=check, reason=reason)
        except (DomainError, MotcuaError, OSError, EOFError, zlib.error) as error:
            click.echo(f"Error: {error}; what was written stays: run it again", err=True)
            raise SystemExit(BROKEN_OFF) from error
        click.echo(f"{tally}{'; nothing was written' if check else ''}", err=True)
        raise SystemExit(REFUSED if tally.refused else 0)

    return command


def lines_of(file: str, longest: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty with their numbers; what is longer than the longest is cut behind it."""
    with click.open_file(file, "rb") as raw:
        stream = gzip.GzipFile(fileobj=raw) if file.endswith(".gz") else raw
        number = 0
        while line := stream.readline(longest + 1):
            number += 1
            rest = line
            while not rest.endswith(b"\n") and (rest := stream.readline(longest)):
                pass
            if line.strip():
                yield number, line
