"""A channel that is opened anew when the certificates change."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc

from motcua_client.tls import Pem, Tls, WatchedTls


class RenewedChannel(grpc.Channel):
    """A channel whose next call uses the certificates that lie in the files now.

    gRPC takes a client's certificate once a channel, so a new one is opened when the files have changed; calls under
    way hold the former, which ends with the last of them. Whoever calls through this channel must ask it for a method
    at each call, as `grpc.intercept_channel` does.

    Args:
        tls: where the certificates are.
        open_channel: opens a channel with certificates.

    Raises:
        TlsError: the files cannot be used.
    """

    def __init__(self, tls: Tls, open_channel: Callable[[Pem], grpc.Channel]) -> None:
        self._watched = WatchedTls(tls)
        self._open = open_channel
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = open_channel(self._watched.pem)

    @property
    def current(self) -> grpc.Channel:
        """The channel for the next call.

        Raises:
            ValueError: it is closed.
        """
        with self._lock:
            if self._channel is None:
                message = "the channel is closed"
                raise ValueError(message)
            if pem := self._watched.renewed():
                self._channel = self._open(pem)
            return self._channel

    def unary_unary(self, *args: Any, **options: Any) -> Any:
        """As `grpc.Channel`."""
        return self.current.unary_unary(*args, **options)

    def unary_stream(self, *args: Any, **options: Any) -> Any:
        """As `grpc.Channel`."""
        return self.current.unary_stream(*args, **options)

    def stream_unary(self, *args: Any, **options: Any) -> Any:
        """As `grpc.Channel`."""
        return self.current.stream_unary(*args, **options)

    def stream_stream(self, *args: Any, **options: Any) -> Any:
        """As `grpc.Channel`."""
        return self.current.stream_stream(*args, **options)

    def subscribe(self, *args: Any, **options: Any) -> None:
        """As `grpc.Channel`, for the connection of now."""
        self.current.subscribe(*args, **options)

    def unsubscribe(self, *args: Any, **options: Any) -> None:
        """As `grpc.Channel`, for the connection of now."""
        self.current.unsubscribe(*args, **options)

    def close(self) -> None:
        """End the connection; calls under way fail."""
        with self._lock:
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def __enter__(self) -> Self:
        """The channel itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the connection."""
        self.close()
