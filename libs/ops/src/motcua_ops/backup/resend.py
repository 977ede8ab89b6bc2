"""`motcua resend`: events that a lost broker may still have held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice

import click

from motcua_kit.events import sent
from motcua_ops.backup.options import say, store_options
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.backup.snapshot import Document
from motcua_ops.backup.stores import Stores, open_stores
from motcua_ops.backup.suite import Part

RESENT = "resent_events"
"""Collection of events that the relay takes as it takes those of aggregates."""

BATCH = 100


def resend(stores: Stores, service: str, events: Iterable[Document]) -> int:
    """Give the relay of a service events that it has sent before; return how many.

    Handlers know an event that they have seen, so whatever was done is not done again.
    """
    collection = stores.mongodb[stores.parts[service].database][RESENT]
    waiting, count = iter(events), 0
    while batch := list(islice(waiting, BATCH)):
        collection.insert_one({"version": 1, "pending": True, "outbox": batch})
        count += len(batch)
    return count


def sent_order(row: Document) -> tuple[datetime, str]:
    """Return what rows of sent events sort by: events of one aggregate as they happened."""
    return row["sent_time"], row["_id"]


@click.command("resend")
@click.option("--hours", type=click.FloatRange(0, min_open=True), required=True, help="What was sent in so many hours.")
@store_options
def command(hours: float, parts: dict[str, Part], settings: BackupSettings) -> None:
    """Send events again after the broker has lost what it held. Nothing happens twice."""
    begin = datetime.now(UTC) - timedelta(hours=hours)
    with open_stores(settings, parts) as stores:
        for service in parts:
            rows = stores.mongodb[parts[service].database][sent.COLLECTION].find({"sent_time": {"$gte": begin}})
            events = [row["event"] for row in sorted(rows, key=sent_order)]
            say(f"{service}: {resend(stores, service, events)} events are sent again")
