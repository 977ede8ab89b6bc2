"""No process works on a database that is older than its code."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
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
    with closing(Runtime(settings)) as runtime:
        _wait(partial(_behind, runtime.store, service), settings.schema_wait, health)


def require_database(settings: ServiceSettings) -> None:
    """Wait until the database answers, for `schema_wait` seconds at most: a migration may start before it does.

    Raises:
        click.ClickException: it does not answer.
    """
    with closing(Runtime(settings)) as runtime:
        _wait(partial(_silent, runtime.store), settings.schema_wait, Health())


def _wait(why_not: Callable[[], str], seconds: float, health: Health) -> None:
    deadline = time.monotonic() + seconds
    awaited = ""
    pause = threading.Event()
    ready = health.ready
    while reason := why_not():
        if time.monotonic() >= deadline:
            raise click.ClickException(reason)
        if reason != awaited:
            log.info("schema_awaited", reason=reason, seconds=seconds)
            awaited = reason
            health.ready = partial(str, reason)
        pause.wait(min(POLL_SECONDS, seconds))
    health.ready = ready


def _silent(store: Store) -> str:
    """Return why the database cannot be asked, or an empty text."""
    try:
        store.ping()
    except PyMongoError as error:
        return _no_answer(error)
    return ""


def _behind(store: Store, service: Service[Any]) -> str:
    """Return why the database cannot be worked on, or an empty text."""
    try:
        pending = pending_migrations(store, service.migrations)
    except PyMongoError as error:
        return _no_answer(error)
    if not pending:
        return ""
    names = ", ".join(migration.id for migration in pending)
    return f"the database is behind this version ({names}); run: python -m motcua_{service.name} migrate"


def _no_answer(error: PyMongoError) -> str:
    return f"the database does not answer ({type(error).__name__}); see MONGODB_URI"
