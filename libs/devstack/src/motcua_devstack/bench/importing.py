"""Row `import`: dossiers a second by the suite's importer; its limit is a bare `insert_many` of the same documents."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

from motcua_devstack.bench import population
from motcua_devstack.bench.profile import sampled
from motcua_devstack.bench.records import OldSystem
from motcua_devstack.bench.rows import Bench, Better, Probe, Sample
from motcua_devstack.bench.servers import DOSSIERS, dossier_settings, dropped, store, world
from motcua_devstack.demo.walk import APPLICANT
from motcua_devstack.errors import DevError

IMPORTED, QUICK_IMPORTED = 1_500, 300
"""Dossiers a sample; a tenth of them is open."""


def import_lines(bench: Bench, database: str, lines: Path, profile: Path | None = None) -> float:
    """Import a file into a migrated database; returns how long the command took, in s.

    Args:
        bench: where the store is.
        database: its name.
        lines: the file.
        profile: see `Bench.profile`.
    """
    begun = time.monotonic()
    _run(bench, database, "import", str(lines), profile=profile)
    return time.monotonic() - begun


def migrated(bench: Bench, database: str) -> None:
    """Give a database the indexes of dossier."""
    _run(bench, database, "migrate")


def write_lines(file: Path, old: OldSystem, wanted: int) -> Path:
    """Write so many lines."""
    with file.open("wb") as out:
        out.writelines(islice(old.lines(), wanted))
    return file


def _run(bench: Bench, database: str, *arguments: str, profile: Path | None = None) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "motcua_dossier", *arguments],
        env={**os.environ, **dossier_settings(bench, database)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with command, sampled(command.pid, profile, "importer"):
        said, complained = command.communicate()
    if command.returncode:
        told = (said.strip() or complained.strip()).splitlines()[-1:]
        raise DevError(f"{arguments[0]} into {database} ended with {command.returncode}: {' '.join(told)}")


class Importing:
    """See `Probe`."""

    name = "import"
    unit = "dossiers/s"
    better = Better.HIGHER
    target: float | None = None

    def __init__(self) -> None:
        self._keep = contextlib.ExitStack()
        self._numbers = count()

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`. The start of the command is measured once, and not counted."""
        self._bench = bench
        self._wanted = QUICK_IMPORTED if bench.quick else IMPORTED
        citizen = self._keep.enter_context(world(bench)).citizen(APPLICANT)
        self._lines = write_lines(bench.folder / "import.jsonl", OldSystem(citizen, self._wanted // 10), self._wanted)
        nothing = bench.folder / "nothing.jsonl"
        nothing.touch()
        with self._fresh() as database:
            self._start = import_lines(bench, database, nothing)
            import_lines(bench, database, self._lines)
            with contextlib.closing(store(bench, database)) as filled:
                self._documents: list[dict[str, Any]] = list(filled.collection(DOSSIERS).find())

    @contextlib.contextmanager
    def _fresh(self) -> Iterator[str]:
        database = f"bench_import_{next(self._numbers)}"
        with dropped(self._bench, database):
            migrated(self._bench, database)
            yield database

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        with self._fresh() as database:
            seconds = import_lines(self._bench, database, self._lines, self._bench.profile)
        return Sample(self._wanted / (seconds - self._start), {"start s": self._start})

    def limit(self) -> Sample:
        """See `Probe.limit`."""
        with self._fresh() as database, contextlib.closing(store(self._bench, database)) as bare:
            begun = time.monotonic()
            population.fill(bare, iter(self._documents), self._wanted)
            return Sample(self._wanted / (time.monotonic() - begun))

    def close(self) -> None:
        """See `Probe.close`."""
        self._keep.close()


def probes() -> Sequence[Probe]:
    """The probe of the row."""
    return [Importing()]
