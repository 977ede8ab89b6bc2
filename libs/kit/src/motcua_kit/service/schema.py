"""No process works on a database that is older than its code."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from functools import partial
from typing import Any

import click
import structlog
from pymongo.errors import PyMongoError

from motcua_kit.health import Health
from motcua_kit.service.definition import Service
from motcua_kit.service.runtime import Runtime
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Store, pending_migrations

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0


def require_schema(service: Service[Any], settings: ServiceSettings, health: Health) -> None:
    """Wait until the database is migrated as far as this version needs, for `schema_wait` seconds at most.

    A database that is ahead is right as well: after a roll-back old code works on the newer schema.

    Args:
        service: whose migrations are wanted.
        settings: names the database and the patience.
        health: says meanwhile that the process is not ready, and what it awaits.

    Raises:
        click.ClickException: it is still behind, or does not answer.
    """
    deadline = time.monotonic() + settings.schema_wait
    awaited = ""
    pause = threading.Event()
    ready = health.ready
    with closing(Runtime(settings)) as runtime:
        while reason := _behind(runtime.store, service):
            if time.monotonic() >= deadline:
                raise click.ClickException(reason)
            if reason != awaited:
                log.info("schema_awaited", reason=reason, seconds=settings.schema_wait)
                awaited = reason
                health.ready = partial(str, reason)
            pause.wait(min(POLL_SECONDS, settings.schema_wait))
    health.ready = ready


def _behind(store: Store, service: Service[Any]) -> str:
    """Return why the database cannot be worked on, or an empty text."""
    try:
        pending = pending_migrations(store, service.migrations)
    except PyMongoError as error:
        return f"the database does not answer ({type(error).__name__}); see MONGODB_URI"
    if not pending:
        return ""
    names = ", ".join(migration.id for migration in pending)
    return f"the database is behind this version ({names}); run: python -m motcua_{service.name} migrate"
