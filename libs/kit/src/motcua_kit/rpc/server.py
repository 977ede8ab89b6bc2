"""A gRPC server that can be trusted in a cluster: stages, health, reflection, limits, graceful stop."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from motcua_kit.access import PermissionTable
from motcua_kit.clock import Clock
from motcua_kit.localisation import Catalogue
from motcua_kit.rpc.admission import Admission, CallPool
from motcua_kit.rpc.arrival import Arrivals
from motcua_kit.rpc.stages import (
    Authenticate,
    Authorize,
    LimitRate,
    Observe,
    Pipeline,
    RequireDeadline,
    Stage,
    TranslateErrors,
    Validate,
)
from motcua_kit.rpc.tls import server_credentials
from motcua_kit.rpc.tracing import Trace
from motcua_kit.rpc.turns import Turns
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.tokens import TokenVerifier

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
MOST_REFUSALS = 1000
"""Refusals that may be on their way at once; calls beyond are refused by gRPC itself, without a reason."""

SWITCH_SECONDS = 0.0002
"""How long a thread computes while another wants to. Python's own 5 ms are long for the one that takes calls in."""


@dataclass(frozen=True)
class Servicer:
    """A gRPC service as it is added to a server.

    Attributes:
        name: full name, e.g. `motcua.dossier.v1.DossierService`.
        add: the generated `add_…Servicer_to_server`.
        implementation: the object with the methods.
    """

    name: str
    add: Callable[[Any, grpc.Server], None]
    implementation: object


class GrpcServer:
    """Serves gRPC until told to stop.

    Args:
        settings: addresses, limits, profile.
        servicers: what is served.
        verifier: checks access tokens.
        permissions: the permission table; must name every RPC served.
        catalogue: Vietnamese texts of errors.
        clock: business time.

    Raises:
        ValueError: an RPC has no row in the permission table.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        servicers: Sequence[Servicer],
        *,
        verifier: TokenVerifier,
        permissions: PermissionTable,
        catalogue: Catalogue,
        clock: Clock,
    ) -> None:
        responses = {rpc: cls for servicer in servicers for rpc, cls in _response_classes(servicer.name).items()}
        if missing := permissions.missing(responses):
            message = f"no row in the permission table for: {', '.join(sorted(missing))}"
            raise ValueError(message)
        self._settings = settings
        self._pool = CallPool(settings.grpc_threads)
        self._arrivals = Arrivals()
        self._turns = Turns(settings.grpc_working)
        self._serving = False
        stages: list[Stage] = [
            Trace(),
            Observe(),
            TranslateErrors(settings.service_name, catalogue),
            RequireDeadline(required=settings.profile is not Profile.LOCAL),
            self._turns,
            Authenticate(verifier),
            Authorize(permissions),
            LimitRate(settings.rate_limit),
            Validate(),
        ]
        self._server = grpc.server(
            self._pool,
            interceptors=[
                Admission(self._pool, self._arrivals, settings.grpc_max_waiting, settings.service_name, catalogue),
                self._arrivals,
                Pipeline(stages, clock, responses),
            ],
            maximum_concurrent_rpcs=settings.grpc_threads + settings.grpc_max_waiting + MOST_REFUSALS,
            options=server_options(settings),
        )
        for servicer in servicers:
            servicer.add(servicer.implementation, self._server)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._names = [servicer.name for servicer in servicers]
        if settings.grpc_reflection:
            names = [*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME]
            reflection.enable_server_reflection(names, self._server)
        if settings.tls:
            self.port = self._server.add_secure_port(settings.grpc_bind, server_credentials(settings.tls))
        else:
            self.port = self._server.add_insecure_port(settings.grpc_bind)
        self._host = settings.grpc_bind.rpartition(":")[0]

    @property
    def address(self) -> str:
        """Where it listens, with the port that was chosen when the setting said 0."""
        return f"{self._host}:{self.port}"

    def start(self) -> None:
        """Begin to serve, and say so to health checks."""
        self._server.start()
        for name in ("", *self._names):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._serving = True
        log.info("grpc_serving", address=self.address)

    def stop(self) -> None:
        """Tell health checks first, let running calls finish, then close."""
        self._serving = False
        self._health.enter_graceful_shutdown()
        self._server.stop(self._settings.grpc_stop_grace).wait()
        self._pool.shutdown(wait=False, cancel_futures=True)
        log.info("grpc_stopped", address=self.address)

    def live(self) -> str:
        """Return why the server is stuck, if it is."""
        return self._turns.progress()

    def ready(self) -> str:
        """Return why the server takes no calls, if it does not."""
        return "" if self._serving else "not serving"

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        sys.setswitchinterval(SWITCH_SECONDS)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.start()
        stop.wait()
        self.stop()


def server_options(settings: ServiceSettings) -> list[tuple[str, int]]:
    """Return gRPC's own options of our servers."""
    return [
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        # Clients look for new servers, and renewed certificates count, when old connections end.
        ("grpc.max_connection_age_ms", round(settings.grpc_max_connection_age * 1000)),
        ("grpc.max_connection_age_grace_ms", 30_000),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 20_000),
    ]


def rpcs_of(service: str) -> list[str]:
    """Return the full names of a service's RPCs, e.g. `motcua.land.v1.ParcelService/GetParcel`."""
    return [f"{service}/{method.name}" for method in _descriptor(service).methods]


def _descriptor(service: str) -> ServiceDescriptor:
    return descriptor_pool.Default().FindServiceByName(service)


def _response_classes(service: str) -> dict[str, type[Message]]:
    return {
        f"{service}/{method.name}": message_factory.GetMessageClass(method.output_type)
        for method in _descriptor(service).methods
    }
