"""Servers that a test kills and starts again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from celery import Celery

from motcua_devstack import ports
from motcua_devstack import servers as commands
from motcua_kit.store import Store

PATIENCE = 30.0


class Killable:
    """A server of this test's own that it kills and starts again on the same port with the same data."""

    def __init__(self, command: tuple[str, ...], answers: Callable[[], object], folder: Path) -> None:
        self._command = command
        self._answers = answers
        self._log = folder / "killable.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: S603
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, self._log.read_text()
            with suppress(Exception):
                self._answers()
                return
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[tuple[str, Killable]]:
    port = ports.allocate(["broker"])["broker"]
    process = commands.broker(port, tmp_path / "broker")
    url = commands.broker_url(port)

    def answers() -> None:
        with Celery(broker=url).connection_for_read() as connection:
            connection.ensure_connection(max_retries=1, timeout=1)

    server = Killable(process.command, answers, tmp_path)
    server.start()
    yield url, server
    server.kill()


@pytest.fixture
def own_mongo(tmp_path: Path) -> Iterator[tuple[str, Killable]]:
    port = ports.allocate(["mongo"])["mongo"]
    process = commands.mongo(port, tmp_path / "mongo")
    uri = commands.mongodb_uri(port) + "&serverSelectionTimeoutMS=1000"

    def answers() -> None:
        with closing(Store(uri, "probe")) as store:
            store.ping()

    server = Killable(process.command, answers, tmp_path)
    server.start()
    yield uri, server
    server.kill()
