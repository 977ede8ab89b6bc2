"""A channel to one service of the suite, with everything that a well-behaved caller needs."""

import json
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import grpc
from google.protobuf.message import Message
from opentelemetry import propagate

from motcua_client.credentials import Credentials
from motcua_client.errors import from_rpc_error
from motcua_client.renewal import RenewedChannel
from motcua_client.requests import with_request_id
from motcua_client.retrying import Patience
from motcua_client.tls import Pem, Tls

Stub = TypeVar("Stub")

DEADLINE_SECONDS = 10.0
SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            # Safe for every call: those that change something carry a request_id.
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
OPTIONS = [
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.keepalive_time_ms", 30_000),
    # Servers come and go behind one name: look it up again soon after a connection ended, and try a lost server soon.
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # This is also how long a connection may take to be made. The address of a pod that is gone swallows what it is
    # sent, and after gRPC's 20 s the deadline of a call is over before the name is looked up again.
    ("grpc.min_reconnect_backoff_ms", 4_000),
]


class Client:
    """A connection to one service; make stubs with `stub`, close it or use it in a `with` block."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel

    def stub(self, kind: Callable[[grpc.Channel], Stub]) -> Stub:
        """A typed stub, e.g. `client.stub(DossierServiceStub)`."""
        return kind(self.channel)

    def close(self) -> None:
        """End the connection; calls under way fail."""
        self.channel.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the connection."""
        self.close()


def connect(
    address: str,
    credentials: Credentials | None = None,
    *,
    tls: Tls | None = None,
    deadline: float = DEADLINE_SECONDS,
    wait_for_ready: bool = True,
    patience: float = 0.0,
) -> Client:
    """Connect to a service of the suite.

    Every call through it gets a deadline, the caller's token, the W3C trace context and, where its type has one, a
    `request_id`; it is tried again on UNAVAILABLE only; failures are `MotcuaError`s.

    Args:
        address: `host:port`, or a gRPC name such as `dns:///dossier:50051`.
        credentials: who calls; None for what anyone may call.
        tls: transport security; None for plain text inside one machine or a mesh.
        deadline: seconds for a call that names none itself.
        wait_for_ready: whether a call waits for the connection within its deadline instead of failing at once.
        patience: seconds for which a call that fails in a way that passes is tried again (`motcua_client.retrying`).

    Raises:
        TlsError: the certificates cannot be used.
    """

    def secure(pem: Pem) -> grpc.Channel:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(pem.ca, pem.key, pem.certificate), OPTIONS)

    channel = grpc.insecure_channel(address, OPTIONS) if tls is None else RenewedChannel(tls, secure)
    caller = _Caller(credentials, deadline, wait_for_ready=wait_for_ready)
    return Client(grpc.intercept_channel(channel, *([Patience(patience)] if patience else []), caller))


class _Details(NamedTuple):
    """The part of a call that interceptors may change."""

    method: str
    timeout: float | None
    metadata: Sequence[tuple[str, str | bytes]] | None
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _Caller(grpc.UnaryUnaryClientInterceptor):
    """Adds to each call what the suite expects and turns its failure into a typed exception."""

    def __init__(self, credentials: Credentials | None, deadline: float, *, wait_for_ready: bool) -> None:
        self._credentials = credentials
        self._deadline = deadline
        self._wait_for_ready = wait_for_ready

    def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.ClientCallDetails, Any], Any],
        client_call_details: grpc.ClientCallDetails,
        request: Any,
    ) -> Any:
        given = client_call_details
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        if self._credentials is not None:
            carrier["authorization"] = f"Bearer {self._credentials.token()}"
        named = {key for key, _ in given.metadata or ()}
        metadata = [*(given.metadata or ()), *((key, value) for key, value in carrier.items() if key not in named)]
        details = _Details(
            method=given.method,
            timeout=self._deadline if given.timeout is None else given.timeout,
            metadata=metadata,
            credentials=given.credentials,
            wait_for_ready=self._wait_for_ready if given.wait_for_ready is None else given.wait_for_ready,
            compression=getattr(given, "compression", None),
        )
        if isinstance(request, Message):
            with_request_id(request)
        call = continuation(details, request)  # type: ignore[arg-type]
        error = call.exception()
        if isinstance(error, grpc.RpcError):
            raise from_rpc_error(error) from error
        return call
