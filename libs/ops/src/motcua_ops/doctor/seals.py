"""Seals of histories: is each day sealed? Whether histories are what was sealed, `motcua audit verify` says."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from minio.error import S3Error

from motcua_kit.clock import VIETNAM
from motcua_ops.audit.archive import Archive
from motcua_ops.audit.seals import stored_seals
from motcua_ops.doctor.context import Context
from motcua_ops.doctor.findings import Finding, fail, ok, warn

GUIDE = "look at the last job of the CronJob audit-seal: docs/how-to/seal-histories.md"
LATE = timedelta(days=2)
"""A day is sealed soon after it is over: what is older than this at any hour has been forgotten."""


def seals(context: Context) -> Iterator[Finding]:
    """Has each service a seal of the day before yesterday, or a later one?"""
    archive, wanted = Archive(context.settings), (datetime.now(VIETNAM) - LATE).date().isoformat()
    for service in context.services:
        subject, last = f"seals of {service}", _last_day(archive, service)
        if not last:
            yield warn(subject, "there are none", f"the first is made when a day is over; else {GUIDE}")
        elif last < wanted:
            yield fail(subject, f"the last is of {last}", GUIDE)
        else:
            yield ok(subject, f"up to {last}")


def _last_day(archive: Archive, service: str) -> str:
    """Return the latest day that is sealed; empty when none is."""
    try:
        return max((PurePosixPath(stored.key).stem for stored in stored_seals(archive, service)), default="")
    except S3Error as error:
        if error.code != "NoSuchBucket":
            raise
        return ""
