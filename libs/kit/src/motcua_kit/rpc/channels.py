"""Channels to the other services: the service's own credentials, the present call's limits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc
from opentelemetry.instrumentation.grpc import client_interceptor
from opentelemetry.instrumentation.grpc.grpcext import intercept_channel

from motcua_client import ClientCredentials, Credentials, connect
from motcua_client.channel import DEADLINE_SECONDS
from motcua_kit.rpc.call import acting_for
from motcua_kit.rpc.deadlines import remaining
from motcua_kit.rpc.turns import waiting_for_others
from motcua_kit.settings import ServiceSettings


class Channels:
    """Opens one channel a service, when it is first needed. Make it after a fork.

    Args:
        settings: addresses, transport security.
        credentials: who calls; the service as the settings say when not given.
    """

    def __init__(self, settings: ServiceSettings, credentials: Credentials | None = None) -> None:
        self._settings = settings
        self._credentials = credentials or ClientCredentials(
            issuer=settings.issuer,
            client_id=settings.client,
            client_secret=settings.client_secret.get_secret_value(),
            token_url=settings.token_url,
            ca_file=settings.tls_ca_file,
        )
        self._open: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def to(self, service: str) -> grpc.Channel:
        """Return the channel to a service.

        Raises:
            ValueError: its address is not set.
        """
        with self._lock:
            if service not in self._open:
                client = connect(self._settings.address_of(service), self._credentials, tls=self._settings.tls)
                inside = grpc.intercept_channel(client.channel, _Inside())
                self._open[service] = intercept_channel(inside, client_interceptor())  # type: ignore[no-untyped-call]
            return self._open[service]

    def close(self) -> None:
        """Close all channels."""
        with self._lock:
            for channel in self._open.values():
                channel.close()
            self._open.clear()


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _Inside(grpc.UnaryUnaryClientInterceptor):
    """Passes on what is left of the present call's deadline, and for whom the service acts; others work meanwhile."""

    def intercept_unary_unary(self, continuation: Callable[..., Any], client_call_details: Any, request: Any) -> Any:
        given = client_call_details
        metadata = list(given.metadata or ())
        if person := acting_for():
            metadata.append(("on-behalf-of", person))
        wanted = DEADLINE_SECONDS if given.timeout is None else given.timeout
        details = _Details(
            given.method,
            remaining(wanted),
            metadata,
            given.credentials,
            given.wait_for_ready,
            getattr(given, "compression", None),
        )
        with waiting_for_others():
            return continuation(details, request)
