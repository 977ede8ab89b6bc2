"""Calls whose message does not come: they give their threads up when others need them.

A call has its thread once its headers have come. Who sends those and nothing else would hold the thread until the
deadline, which is the caller's to choose.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import grpc

PATIENCE_SECONDS = 2.0
"""A message follows its headers at once, unless it is long and the way is slow."""


class Arrivals(grpc.ServerInterceptor):
    """Waits for the one message of each unary call, and knows which calls have a thread and no message yet."""

    def __init__(self) -> None:
        self._since: dict[grpc.ServicerContext, float] = {}

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Make a unary call one that takes a stream, to gRPC: then the wait is ours to end."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        def handle(messages: Iterator[Any], context: grpc.ServicerContext) -> Any:
            return handler.unary_unary(self._message(messages, context), context)

        return grpc.stream_unary_rpc_method_handler(handle, handler.request_deserializer, handler.response_serializer)

    def end_late(self) -> None:
        """End the calls that have waited longer than anybody must; their callers see CANCELLED."""
        latest = time.monotonic() - PATIENCE_SECONDS
        for context, since in list(self._since.items()):
            if since < latest:
                context.cancel()

    def _message(self, messages: Iterator[Any], context: grpc.ServicerContext) -> Any:
        self._since[context] = time.monotonic()
        try:
            return next(messages)
        except StopIteration:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "a call has exactly one message")  # gRPC's own answer
        finally:
            del self._since[context]
