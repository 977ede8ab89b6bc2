"""A service as its process sees it: what `python -m motcua_<svc>` runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from motcua_kit.domain import Aggregate
from motcua_kit.service import App, Runtime, Service, run
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Collection, HistoryEntry, Life, Migration, ensure_collections


@dataclass(kw_only=True)
class Thing(Aggregate):
    size: int
    large: bool
    """Kept for a queue."""


def rebuild(thing: Thing, _history: Sequence[HistoryEntry]) -> None:
    thing.large = thing.size > 10


def build(_settings: ServiceSettings, _runtime: Runtime) -> App:
    return App()


SERVICE = Service(
    "thingcli",
    ServiceSettings,
    build,
    [
        Migration("0001_things", lambda store: ensure_collections(store, [Collection("things")])),
        Migration("0002_notes", lambda store: ensure_collections(store, [Collection("notes")])),
    ],
    lives=[Life("things", Thing, [], rebuild)],
)

if __name__ == "__main__":
    run(SERVICE)
