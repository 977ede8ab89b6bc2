"""A service as its process sees it: what `python -m motcua_<svc>` runs."""

from motcua_kit.service import App, Runtime, Service, run
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Collection, Migration, ensure_collections


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
)

if __name__ == "__main__":
    run(SERVICE)
