"""What the commands of this package have in common: options, progress, figures, failures in a line."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
import urllib3
from minio.error import MinioException
from pymongo.errors import PyMongoError

from motcua_kit.domain import DomainError
from motcua_ops.backup.manifest import Manifest
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.suite import BUCKET_PREFIX, DATABASE_PREFIX, load_suite
from motcua_ops.errors import OpsError


def say(text: str) -> None:
    """Tell the operator how far it is."""
    click.echo(text, err=True)


class Figures:
    """What a run took."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def show(self, manifest: Manifest) -> None:
        """Print the figures of a run in one line of `name=value`."""
        seconds = time.monotonic() - self._start
        age = datetime.now(UTC) - manifest.point
        values = {
            "backup": manifest.id,
            "point": manifest.point.isoformat(timespec="milliseconds"),
            "age_seconds": f"{age.total_seconds():.1f}",
            "seconds": f"{seconds:.1f}",
            "documents": manifest.documents,
            "objects": manifest.objects,
            "bytes": manifest.size,
            "bytes_per_second": int(manifest.size / max(seconds, 0.001)),
        }
        click.echo(" ".join(f"{name}={value}" for name, value in values.items()))


parallel_option = click.option(
    "--parallel", type=click.IntRange(1, 32), default=4, show_default=True, help="Copies at once."
)


def failures_in_a_line(command: Callable[..., None]) -> Callable[..., None]:
    """Tell an operator what failed without a traceback where it is not a bug."""

    @functools.wraps(command)
    def wrapper(**given: Any) -> None:
        try:
            command(**given)
        except (PyMongoError, MinioException, urllib3.exceptions.HTTPError, DomainError, OSError) as error:
            raise OpsError(f"{type(error).__name__}: {error}") from error

    return wrapper


def store_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the stores: `parts` and `settings`."""

    @click.option("--database-prefix", default=DATABASE_PREFIX, show_default=True, help="Databases are this + service.")
    @click.option("--bucket-prefix", default=BUCKET_PREFIX, show_default=True, help="Buckets are this + service.")
    @failures_in_a_line
    @functools.wraps(command)
    def wrapper(*, database_prefix: str, bucket_prefix: str, **given: Any) -> None:
        command(parts=load_suite(database_prefix, bucket_prefix), settings=BackupSettings.load(), **given)

    return wrapper


def backup_argument(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command a backup that is there: `place` and `identity`."""
    return click.argument("place")(_IDENTITY(command))


def backup_option(command: Callable[..., None]) -> Callable[..., None]:
    """The same with `--from`, for what changes more than it reads."""
    option = click.option("--from", "place", required=True, help="Folder, or s3://bucket/prefix, with backups.")
    return option(_IDENTITY(command))


_IDENTITY = click.option("--id", "identity", default="", help="Which backup; the latest finished one otherwise.")
