"""A service whose migration goes on only when a test says so."""

from __future__ import annotations

from motcua_client import wait_for
from motcua_kit.service import App, Service, run
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Migration, Store


def first(store: Store) -> None:
    store.collection("_work").insert_one({"step": "first"})


def second(store: Store) -> None:
    work = store.collection("_work")
    work.insert_one({"step": "second begun"})
    wait_for(lambda: work.find_one({"_id": "go on"}), bool)
    work.insert_one({"step": "second done"})


SERVICE = Service(
    "migrating",
    ServiceSettings,
    lambda _settings, _runtime: App(),
    [Migration("0001_first", first), Migration("0002_second", second)],
)

if __name__ == "__main__":
    run(SERVICE)
