"""All rows, as data: what each measures, and where its probes come from."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

from motcua_devstack.bench.rows import Probe


@dataclass(frozen=True)
class Entry:
    """A row's line in `./dev bench --list`.

    Attributes:
        module: module of this package whose `probes()` gives the row's probes.
        measured: what is measured.
        limit: what beside it is the limit; empty for none.
        on_size: whether `probes` wants the sizes of databases.
        profiled: whether a process of the suite works in it long enough to be profiled.
    """

    module: str
    measured: str
    limit: str = ""
    on_size: bool = False
    profiled: bool = True

    def probes(self, sizes: Sequence[int]) -> Sequence[Probe]:
        """Make the row's probes; its module is imported only now.

        Args:
            sizes: how many dossiers large databases have, from small to large; for the rows on size.
        """
        module = importlib.import_module(f"motcua_devstack.bench.{self.module}")
        probes: Sequence[Probe] = module.probes(sizes) if self.on_size else module.probes()
        return probes


ROWS = {
    "read": Entry(
        "read",
        "GetDossier by 1, 8 and 32 clients",
        "a bare gRPC handler that finds one document by its id",
    ),
    "update": Entry(
        "update",
        "UpdateDossier of drafts by 1, 8 and 32 clients",
        "a bare gRPC handler with one compare-and-set",
    ),
    "accept": Entry(
        "accept",
        "AcceptDossier by 1, 8 and 32 clients, without what follows",
        "a bare gRPC handler with one compare-and-set",
    ),
    "queue": Entry(
        "queue",
        "first and 50th page of an officer's queue, and a search by name",
        "the same page at the smallest size",
        on_size=True,
    ),
    "import": Entry("importing", "dossiers taken over from an old system", "a bare insert_many of the same documents"),
    "lifecycle": Entry(
        "lifecycle",
        "whole lives: of drafts, and of permits with their documents",
        "the store operations of such a life",
    ),
    "events": Entry("events", "from the outbox to the end of a handler", "a bare Celery task on the same broker"),
    "notify": Entry("notify", "from an event to its e-mail and short message", "bare SMTP to the same mail server"),
    "telemetry": Entry("telemetry", "reads and writes with spans", "the same server that makes none"),
    "start": Entry(
        "start",
        "each service until it is ready, and its memory",
        "an interpreter with the same imports",
        profiled=False,
    ),
}
