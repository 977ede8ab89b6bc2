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
    """

    module: str
    measured: str
    limit: str = ""

    def probes(self) -> Sequence[Probe]:
        """Make the row's probes; its module is imported only now."""
        module = importlib.import_module(f"motcua_devstack.bench.{self.module}")
        probes: Sequence[Probe] = module.probes()
        return probes


ROWS = {
    "read": Entry("read", "GetDossier by 1, 8 and 32 clients", "a bare gRPC handler that finds one document by its id"),
    "lifecycle": Entry(
        "lifecycle",
        "whole lives: of drafts, and of permits with their documents",
        "the store operations of such a life",
    ),
    "events": Entry("events", "from the outbox to the end of a handler", "a bare Celery task on the same broker"),
    "notify": Entry("notify", "from an event to its e-mail and short message", "bare SMTP to the same mail server"),
    "start": Entry("start", "each service until it is ready, and its memory", "an interpreter with the same imports"),
}
