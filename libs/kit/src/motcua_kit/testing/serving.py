"""Services served in this process, on real servers, with a test's clock and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from motcua_kit.service import Runtime, Service
from motcua_kit.settings import Profile
from motcua_kit.store.lives import Deviation, check
from motcua_kit.testing.clock import SettableClock
from motcua_kit.testing.issuer import URL, Issuer
from motcua_kit.testing.running import RunningService

if TYPE_CHECKING:
    from motcua_devstack.embedded import EmbeddedServers

REPOSITORY = Path(__file__).resolve().parents[5]


class Serving:
    """Serves services until the end of a `with` block.

    Args:
        servers: what they store in.
        issuer: whose tokens they trust.
        clock: their business time.
        settings: of all of them.
    """

    def __init__(
        self, servers: EmbeddedServers, issuer: Issuer, clock: SettableClock, settings: Mapping[str, Any]
    ) -> None:
        self._servers = servers
        self._issuer = issuer
        self._clock = clock
        self._settings = dict(settings)
        self._running: list[RunningService] = []
        self._runtimes: list[Runtime] = []

    def __enter__(self) -> Self:
        """Nothing is served yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all and close what was opened."""
        for one in self._running:
            one.stop()
        for runtime in self._runtimes:
            runtime.close()

    def start(self, service: Service[Any], **settings: Any) -> RunningService:
        """Serve a service; settings given here win over those of all."""
        loaded = service.load_settings(**{**self._defaults(service), **self._settings, **settings})
        runtime = Runtime(loaded)
        self._runtimes.append(runtime)
        runtime.__dict__["clock"] = self._clock  # what is set already is not opened
        runtime.__dict__["verifier"] = self._issuer.verifier
        self._running.append(RunningService(service, loaded, runtime, self._issuer))
        return self._running[-1]

    def deviations(self) -> list[Deviation]:
        """Return where documents are not what their history makes of them."""
        return [deviation for one in self._running for deviation, _ in check(one.runtime.store, one.lives)]

    def _defaults(self, service: Service[Any]) -> dict[str, Any]:
        defaults: dict[str, Any] = {
            "mongodb_uri": self._servers.mongodb_uri,
            "profile": Profile.LOCAL,
            "issuer": URL,
            "client_secret": "of-this-test",
            "page_token_key": "of-this-test",
            "city_dir": REPOSITORY / "city",
            "topology_file": REPOSITORY / "telemetry" / "topology.yaml",
            "rate_limit": "100000/minute",
        }
        if service.buckets:
            store = self._servers.object_store
            defaults |= {
                "object_store_url": store.url,
                "object_store_access_key": store.access_key,
                "object_store_secret_key": store.secret_key,
            }
        return defaults
