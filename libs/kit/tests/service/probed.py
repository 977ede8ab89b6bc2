"""A service with all kinds of processes; its task goes on only when a test says so."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from motcua_client import wait_for
from motcua_kit.command import Command
from motcua_kit.events import ReceivedEvent, Tasks
from motcua_kit.service import App, Runtime, Service, run
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Collection, Migration, ensure_collections


def build(_settings: ServiceSettings, runtime: Runtime) -> App:
    tasks = Tasks("probed")
    work = runtime.store.collection("_work")

    @tasks.on_event("probed.take")
    def _(event: ReceivedEvent, _command: Command) -> None:
        work.insert_one({"_id": f"{event.id} begun"})
        wait_for(lambda: work.find_one({"_id": "go on"}), bool)
        work.insert_one({"_id": f"{event.id} done"})

    pages: Callable[[], Flask] = lambda: Flask("probed")  # noqa: E731
    return App(tasks=tasks, http=pages)


SERVICE = Service(
    "probed",
    ServiceSettings,
    build,
    [Migration("0001_things", lambda store: ensure_collections(store, [Collection("things")]))],
)

if __name__ == "__main__":
    run(SERVICE)
