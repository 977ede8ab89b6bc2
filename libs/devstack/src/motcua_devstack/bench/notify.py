"""Row `notify`: from an event to the messages at mail server and gateway; its limit is bare SMTP to the same server."""

from __future__ import annotations

import contextlib
import smtplib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from motcua_devstack.bench import population
from motcua_devstack.bench.profile import sampled
from motcua_devstack.bench.rows import Bench, Better, Probe, Sample
from motcua_devstack.bench.servers import MAIN_DATABASE, store, world
from motcua_devstack.demo.walk import APPLICANT
from motcua_devstack.errors import DevError
from motcua_kit.clock import system_clock
from motcua_kit.events import sent

EVENT = "dossier.submitted"
EVENTS, QUICK_EVENTS = 40, 8
OUTSIDE = 2
"""An event makes an e-mail and a short message; the third, in the inbox, leaves no trace outside."""

NOTICES = "bench_notices"
"""Collection of documents that hold nothing but an event."""

NOTIFY = "motcua_notify"
WORKER = "notify-worker"
OPEN = ("queued", "sending")
PATIENCE = 120.0
LOOK_SECONDS = 0.02
SENDER, RECIPIENT = "bench@motcua.test", "anyone@motcua.test"


@dataclass
class Telling:
    """Probe: messages a second, from the write of the events until the last message has arrived."""

    name: str = "notify"
    unit: str = "messages/s"
    better: Better = Better.HIGHER
    target: float | None = None

    def __post_init__(self) -> None:
        self._keep = contextlib.ExitStack()

    def setup(self, bench: Bench) -> None:
        """See `Probe.setup`."""
        self._events = QUICK_EVENTS if bench.quick else EVENTS
        self._folder = bench.running.stack.messages
        host, _, port = bench.running.addresses.smtp.partition(":")
        self._smtp = (host, int(port))
        self._dossier = self._keep.enter_context(contextlib.closing(store(bench, MAIN_DATABASE)))
        self._notify = self._keep.enter_context(contextlib.closing(store(bench, NOTIFY)))
        bench.say("  submitting a dossier, for an event to copy")
        dossier = population.submitted(self._keep.enter_context(world(bench)).citizen(APPLICANT))
        self._event = self._sent(dossier.name)
        self._settle()
        self._keep.enter_context(sampled(bench.running.supervisor.pid(WORKER), bench.profile, "worker"))

    def measure(self) -> Sample:
        """See `Probe.measure`."""
        notices = [self._notice(uuid.uuid4().hex) for _ in range(self._events)]
        before, wanted = self._arrived(), OUTSIDE * self._events
        begun = time.perf_counter()
        self._dossier.collection(NOTICES).insert_many(notices)
        self._wait(lambda: self._arrived() - before >= wanted)
        seconds = time.perf_counter() - begun
        self._settle()
        return Sample(wanted / seconds, {"events/s": self._events / seconds})

    def limit(self) -> Sample:
        """See `Probe.limit`. One connection for all messages."""
        count = OUTSIDE * self._events
        begun = time.perf_counter()
        with smtplib.SMTP(*self._smtp) as server:
            for _ in range(count):
                server.send_message(_mail(), SENDER, [RECIPIENT])
        return Sample(count / (time.perf_counter() - begun))

    def close(self) -> None:
        """See `Probe.close`."""
        self._keep.close()

    def _sent(self, dossier: str) -> dict[str, Any]:
        """The event of the submission, as the relay noted it."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            query = {"event.subject": dossier, "event.type": EVENT}
            found.extend(row["event"] for row in self._dossier.collection(sent.COLLECTION).find(query))
            return bool(found)

        self._wait(look)
        return found[0]

    def _notice(self, identity: str) -> dict[str, Any]:
        own = {"id": f"notices/{identity}#1.0", "time": system_clock().astimezone(UTC)}
        return {"_id": identity, "version": 1, "outbox": [{**self._event, **own}], "pending": True}

    def _arrived(self) -> int:
        return sum(len(_finished(self._folder / kind)) for kind in ("email", "sms"))

    def _settle(self) -> None:
        """Wait until nothing is to be sent, so that it does not disturb the next sample."""
        notifications = self._notify.collection("notifications")
        notices = self._dossier.collection(NOTICES)
        self._wait(lambda: not notices.count_documents({"pending": True}))
        self._wait(lambda: not notifications.count_documents({"state": {"$in": OPEN}}))

    def _wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            if time.monotonic() > deadline:
                raise DevError(f"messages did not arrive in {PATIENCE:g} s; ./dev logs --name bench notify-worker")
            time.sleep(LOOK_SECONDS)


def _finished(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.suffix != ".part"]


def _mail() -> EmailMessage:
    """A plain message; those of the suite are some kilobytes of text and HTML."""
    mail = EmailMessage()
    mail["Message-ID"] = f"<{uuid.uuid4().hex}@bench.test>"
    mail["From"], mail["To"], mail["Subject"] = SENDER, RECIPIENT, "Thông báo"
    mail.set_content("Hồ sơ của ông/bà đã được tiếp nhận.\n" * 20)
    return mail


def probes() -> Sequence[Probe]:
    """The probes of the row."""
    return [Telling()]
