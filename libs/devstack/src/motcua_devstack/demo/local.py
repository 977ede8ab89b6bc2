"""The world of a stack on this machine: its files are open, and its business clock can be moved."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc

from motcua_devstack import spans
from motcua_devstack.demo.people import Suite
from motcua_devstack.demo.web import Web
from motcua_devstack.demo.world import Places, Received, World
from motcua_devstack.stack import OTLP_ENDPOINT, RunningStack
from motcua_devstack.traces import Span


@dataclass(frozen=True)
class OffsetClock:
    """The clock of the local profile: the machine's, moved by the seconds in a file."""

    file: Path

    def now(self) -> datetime:
        """Business time."""
        return datetime.now(UTC) + timedelta(seconds=float(self.file.read_text()))

    def advance(self, by: timedelta) -> bool:
        """Move it; a deadline of days cannot be waited for."""
        offset = float(self.file.read_text()) + by.total_seconds()
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{offset:.0f}")
        fresh.replace(self.file)
        return True


@dataclass(frozen=True)
class MessageFiles:
    """Messages as files."""

    folder: Path

    def files(self, since: float) -> list[Path]:
        """Those that arrived since a moment."""
        return [file for file in self.folder.rglob("*") if file.is_file() and file.stat().st_mtime >= since]

    def since(self, time: float) -> Received:
        """Count them by kind."""
        kinds = [file.parent.name for file in self.files(time)]
        return Received(emails=kinds.count("email"), texts=kinds.count("sms"))


@dataclass(frozen=True)
class SpanFile:
    """Spans in a file."""

    file: Path

    def of(self, trace_ids: Collection[str], since: float) -> list[Span]:
        """All that began since a moment: nothing in them may be without its parent either."""
        del trace_ids
        return [span for span in spans.read(self.file) if span["start"] >= since]


def local_world(running: RunningStack, observe: Callable[[grpc.Channel], grpc.Channel], patience: float = 0.0) -> World:
    """The world of a running stack.

    Args:
        running: the stack.
        observe: wraps each channel, to observe the calls through it.
        patience: seconds for which a failing call is tried again.
    """
    addresses, stack = running.addresses, running.stack
    return World(
        Places(addresses.http["identity"], addresses.http["permits"], addresses.application),
        Suite(addresses.grpc, observe, Web(patience)),
        running.vault,
        OffsetClock(stack.clock_offset),
        MessageFiles(stack.messages),
        # A collector of the developer's own keeps them for itself.
        None if stack.given.get(OTLP_ENDPOINT) else SpanFile(stack.spans),
    )
