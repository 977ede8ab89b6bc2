"""What every call passes, outermost first.

Tracing (`rpc.tracing`), observation, errors, deadline, turn (`rpc.turns`), authentication, authorisation, rate limit,
validation.
Idempotency lies inside of all (`execute` and the repository).
"""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import grpc
import protovalidate
from google.protobuf.message import DecodeError, Message
from limits import RateLimitItem, parse
from opentelemetry import trace

from motcua_kit import attributes, metrics
from motcua_kit.access import PermissionTable
from motcua_kit.clock import Clock
from motcua_kit.domain import FieldViolation, NotAuthenticated, NotFound, RateLimited, ValidationFailed
from motcua_kit.localisation import Catalogue
from motcua_kit.rpc.call import Call, Proceed, enter
from motcua_kit.rpc.deadlines import limit_to
from motcua_kit.rpc.errors import WireStatus, status_of
from motcua_kit.rpc.structs import without_json
from motcua_kit.tokens import TokenVerifier

SERVED_BY = "served-by"
"""Trailing metadata of an answer: which replica gave it."""

PROCESS_HOST = socket.gethostname()
"""In a cluster the name of the pod."""

NEVER_SECONDS = 365 * 24 * 3600.0
"""gRPC puts the deadline of a call that has none into a far future."""


class Stage(Protocol):
    """One thing that happens around every call."""

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Do what must be done before and after `proceed`."""


class Observe:
    """Measures the call."""

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Run the call."""
        begin = time.perf_counter()
        try:
            return proceed()
        finally:
            metrics.call_duration.record(
                time.perf_counter() - begin,
                {"rpc.system.name": "grpc", "rpc.method": call.rpc, "rpc.response.status_code": call.status.name},
            )


class TranslateErrors:
    """Turns exceptions into statuses, outside of all that can fail: nothing leaves as a stack trace."""

    def __init__(self, service: str, catalogue: Catalogue) -> None:
        self._service = service
        self._catalogue = catalogue

    def __call__(self, call: Call, proceed: Proceed) -> Message:  # noqa: RET503 - abort does not return
        """Run the call; abort it with the status of whatever goes wrong."""
        try:
            return proceed()
        except Exception as error:  # noqa: BLE001 - the one place where everything is caught, and answered
            if isinstance(error, NotFound) and not error.metadata.get("resource"):
                # Forbidden rows must look like missing ones, so both name what was asked for.
                error.metadata["resource"] = getattr(call.request, "name", "") or getattr(call.request, "parent", "")
            language = "en" if call.metadata.get("accept-language", "").lower().startswith("en") else "vi"
            status = status_of(error, self._service, self._catalogue, language)
        call.context.abort_with_status(WireStatus(status))


class RequireDeadline:
    """Refuses calls that would wait for ever, and passes on what is left to the calls made inside."""

    def __init__(self, *, required: bool) -> None:
        self._required = required

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Run the call inside its deadline."""
        left = call.context.time_remaining()
        remaining = left if left < NEVER_SECONDS else None
        if remaining is None and self._required:
            raise ValidationFailed("DEADLINE_MISSING", "set a deadline on every call")
        with limit_to(remaining):
            return proceed()


class Authenticate:
    """Finds out who is calling, from the bearer token."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Set `call.caller`; without a token it stays `anyone`."""
        metadata = call.metadata
        if authorization := metadata.get("authorization", ""):
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise NotAuthenticated("TOKEN_INVALID", "want a bearer token")
            caller = self._verifier.verify(token)
            if caller.kind == "service":  # only a service may speak for somebody else
                caller = dataclasses.replace(caller, on_behalf_of=metadata.get("on-behalf-of", ""))
            call.caller = caller
        return proceed()


class Authorize:
    """Lets through what the permission table allows, and fails closed when a row rule was not asked."""

    def __init__(self, table: PermissionTable) -> None:
        self._table = table

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Set `call.access`; afterwards insist that bound grants were checked."""
        span = trace.get_current_span()
        span.set_attribute(attributes.CALLER_KIND, call.caller.kind)
        if name := getattr(call.request, "name", ""):
            span.set_attribute(attributes.RESOURCE, name)
        call.access = self._table.authorize(call.caller, call.rpc)
        response = proceed()
        if not call.access.satisfied:
            message = f"{call.rpc} answered without asking the row rules"
            raise AssertionError(message)
        return response


class LimitRate:
    """Slows down callers that ask too often, each by name or, without a token, by address.

    The window moves with every call. It is counted here: the stores of `limits` start a thread every few milliseconds.
    """

    def __init__(self, limit: str) -> None:
        self._limit: RateLimitItem = parse(limit)
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = {}
        self._swept = time.monotonic()

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Count the call; services are trusted to have counted their callers."""
        if call.caller.kind != "service" and not self._hit(call.caller.name or _host(call.context.peer())):
            raise RateLimited(
                "RATE_LIMITED",
                f"more than {self._limit}",
                timedelta(seconds=max(1, self._limit.get_expiry() // 10)),
                limit=str(self._limit),
            )
        return proceed()

    def _hit(self, who: str) -> bool:
        """Count one more call of a caller, unless that were too many."""
        now = time.monotonic()
        begin = now - self._limit.get_expiry()
        with self._lock:
            if self._swept < begin:
                self._swept = now
                self._calls = {name: calls for name, calls in self._calls.items() if calls and calls[-1] > begin}
            calls = self._calls.setdefault(who, deque())
            while calls and calls[0] <= begin:
                calls.popleft()
            if len(calls) >= self._limit.amount:
                return False
            calls.append(now)
            return True


class Validate:
    """Checks the request against the rules in the proto. After authorisation (AIP-211)."""

    def __call__(self, call: Call, proceed: Proceed) -> Message:
        """Refuse bytes that are no request, requests that break a field rule, and forms that JSON cannot hold."""
        if not call.readable:
            raise ValidationFailed("REQUEST_INVALID", f"the bytes are no {call.request.DESCRIPTOR.full_name}")
        if fields := list(without_json(call.request)):
            message = "holds a number that is not finite"
            raise ValidationFailed(
                "REQUEST_INVALID", message, [FieldViolation(field, "NUMBER_NOT_FINITE", message) for field in fields]
            )
        violations = protovalidate.collect_violations(call.request)
        if violations:
            raise ValidationFailed(
                "REQUEST_INVALID",
                "; ".join(f"{_path(violation)}: {violation.proto.message}" for violation in violations),
                [
                    FieldViolation(_path(violation), _reason(violation.proto.rule_id), violation.proto.message)
                    for violation in violations
                ],
            )
        return proceed()


def _path(violation: Any) -> str:
    return ".".join(
        f"{element.field_name}[{element.subscript.value}]" if element.subscript else element.field_name
        for element in (violation.proto.field.elements if violation.proto.field else ())  # none: the whole message
    )


def _reason(rule: str) -> str:
    return rule.upper().replace(".", "_").replace("-", "_")


def _host(peer: str) -> str:
    """`ipv4:10.0.0.7:5123` and `ipv6:[::1]:5123` without the port."""
    return peer.rpartition(":")[0]


class Pipeline(grpc.ServerInterceptor):
    """Runs the stages around every unary call of our own services; health and reflection pass by.

    Args:
        stages: outermost first.
        clock: business time for the calls.
        response_classes: RPC to message class of its answer.
    """

    def __init__(self, stages: Sequence[Stage], clock: Clock, response_classes: Mapping[str, type[Message]]) -> None:
        self._inwards = tuple(reversed(stages))
        self._clock = clock
        self._response_classes = response_classes

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the handler of one call."""
        handler = continuation(handler_call_details)
        rpc = handler_call_details.method.removeprefix("/")
        if handler is None or rpc not in self._response_classes:
            return handler
        response_class = self._response_classes[rpc]
        read = handler.request_deserializer

        def handle(raw: bytes, context: grpc.ServicerContext) -> Message:
            try:
                request, readable = read(raw), True
            except DecodeError:  # refused by a stage like all else that is wrong; gRPC itself would say INTERNAL
                request, readable = read(b""), False
            call = Call(rpc, request, context, response_class, self._clock, readable=readable)
            enter(call)
            proceed: Proceed = partial(handler.unary_unary, request, context)
            for stage in self._inwards:
                proceed = partial(stage, call, proceed)
            response = proceed()
            # Not in the initial metadata: once those are sent, gRPC does not try the call again.
            context.set_trailing_metadata(((SERVED_BY, PROCESS_HOST),))
            return response

        return grpc.unary_unary_rpc_method_handler(handle, None, handler.response_serializer)
