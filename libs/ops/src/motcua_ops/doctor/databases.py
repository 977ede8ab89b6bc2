"""The databases of the services: are their schemas those of this version, and is there work that nobody does?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import yaml

from motcua_ops.doctor.context import Context
from motcua_ops.doctor.findings import Finding, fail, ok, warn

JOURNAL = "_migrations"
LATE = timedelta(minutes=15)
"""Sweepers run every half minute; what is later than this is not being swept."""

COUNTED = 1000
"""More than this is as bad."""

QUERY_MILLISECONDS = 5000


def migrations() -> dict[str, list[str]]:
    """Schema changes of each service in this version, written by ./dev gen."""
    text = resources.files("motcua_ops.doctor").joinpath("migrations.yaml").read_text(encoding="utf-8")
    known: dict[str, list[str]] = yaml.safe_load(text)
    return known


def schemas(context: Context) -> Iterator[Finding]:
    """Has every database seen all schema changes of this version, and none of a newer one?"""
    known = migrations()
    for service in context.services:
        done = {row["_id"] for row in context.store(service).collection(JOURNAL).find({}, {"_id": 1})}
        subject = f"schema of {service}"
        if pending := [step for step in known[service] if step not in done]:
            advice = "the migration Job of the upgrade has not gone through: look at its log, helm upgrade again"
            yield fail(subject, f"not applied: {', '.join(pending)}", advice)
        elif newer := sorted(done - set(known[service])):
            advice = "fine after a rollback; otherwise use the doctor of the installed version"
            yield warn(subject, f"newer than this command: {', '.join(newer)}", advice)
        else:
            yield ok(subject, known[service][-1])


@dataclass(frozen=True)
class Overdue:
    """Work that should have been done by now.

    Attributes:
        service: whose database.
        collection: where.
        filter: what finds it; a time stands where `{"$lt": …}` of now, less the grace, is to come.
        text: what it is.
        advice: what to do.
        grace: how late is late.
        by_people: whether people are late, and not programs.
    """

    service: str
    collection: str
    filter: Mapping[str, Any]
    late: str
    text: str
    advice: str
    grace: timedelta = LATE
    by_people: bool = False

    def query(self, now: datetime) -> dict[str, Any]:
        """The filter for a moment."""
        return {**self.filter, self.late: {"$lt": now - self.grace}}


SUBMITTED, ACCEPTED, PROCESSING, SUPPLEMENT_REQUESTED = 1, 2, 4, 5
"""Status codes of dossiers (mã trạng thái hồ sơ)."""

OVERDUE = (
    Overdue(
        "dossier",
        "dossiers",
        {"state": SUPPLEMENT_REQUESTED},
        "supplement.answer_by",
        "dossiers still wait for a supplement whose time is over",
        "dossier.expire_supplements does not run: look at the scheduler and the default workers of dossier",
    ),
    Overdue(
        "dossier",
        "consultations",
        {"state": "requested"},
        "deadline",
        "consultations are open after their deadline (silence is consent)",
        "dossier.lapse_consultations does not run: look at the scheduler and the default workers of dossier",
    ),
    Overdue(
        "dossier",
        "dossiers",
        {"state": ACCEPTED, "papers.uploads.state": "checking"},
        "update_time",
        "dossiers have files that nobody checks",
        "dossier.check_upload does not run: look at the slow workers of dossier and at the malware scanner",
    ),
    Overdue(
        "notify",
        "notifications",
        {"state": {"$in": ["queued", "sending"]}},
        "next_attempt_time",
        "messages are not sent on time",
        "look at the workers of notify, and at the SMTP server and SMS gateway",
    ),
    Overdue(
        "dossier",
        "dossiers",
        {"waits_for": {"$gt": ""}, "state": {"$in": [ACCEPTED, PROCESSING]}},
        "queue_time",
        "dossiers are past their due time",
        "nothing is broken: their units are late; officers see them first in their queues",
        grace=timedelta(),
        by_people=True,
    ),
)


def overdue(context: Context) -> Iterator[Finding]:
    """Is there work that should have been done by now?"""
    now = datetime.now(UTC)
    late = 0
    for kind in (kind for kind in OVERDUE if kind.service in context.services):
        found = (
            context.store(kind.service)
            .collection(kind.collection)
            .count_documents(kind.query(now), limit=COUNTED, maxTimeMS=QUERY_MILLISECONDS)
        )
        late += bool(found)
        if found:
            text = f"{found}{' or more' if found == COUNTED else ''} {kind.text}"
            yield (warn if kind.by_people else fail)(f"{kind.service}.{kind.collection}", text, kind.advice)
    if not late:
        yield ok("deadlines", "nothing waits that should have been done")
