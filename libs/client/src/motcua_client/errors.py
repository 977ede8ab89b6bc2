"""Typed exceptions, one for each kind of `google.rpc.Status` that the suite answers with.

Switch on the class for the kind and on `reason` for the exact cause: reasons are values of the enum `ErrorReason` in
the proto of the service named by `domain`, and never change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

_Detail = TypeVar("_Detail", bound=Message)


@dataclass(frozen=True)
class FieldViolation:
    """One field of the request that is wrong.

    Attributes:
        field: path of the field in the request, e.g. `dossier.form.floors[0].area`.
        description: what is wrong.
        reason: machine-readable cause; empty when the server gave none.
    """

    field: str
    description: str
    reason: str = ""


@dataclass(eq=False)
class MotcuaError(Exception):
    """The suite refused or could not do what was asked; nothing was changed unless `code` is DEADLINE_EXCEEDED.

    Attributes:
        code: gRPC status code.
        message: for programmers, in English.
        reason: machine-readable cause, UPPER_SNAKE; empty when the failure did not come from a service of the suite.
        domain: the service that refused, e.g. `dossier.motcua.vn`.
        metadata: the values that the message speaks about.
        localized_message: for people, in Vietnamese; empty when there is none.
        violations: fields of the request that are wrong.
        retry_seconds: how long to wait before the next try; None when the server did not say.
        status: the whole status as received; None when the call failed before there was one.
    """

    code: grpc.StatusCode
    message: str
    reason: str = ""
    domain: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    localized_message: str = ""
    violations: tuple[FieldViolation, ...] = ()
    retry_seconds: float | None = None
    status: status_pb2.Status | None = None

    CODES: ClassVar[tuple[grpc.StatusCode, ...]] = ()

    def __str__(self) -> str:
        """Reason or code, message, and the fields that are wrong."""
        fields = "".join(f"; {violation.field}: {violation.description}" for violation in self.violations)
        return f"{self.reason or self.code.name}: {self.message}{fields}"


class ValidationFailed(MotcuaError):
    """The request is wrong: see `violations`."""

    CODES = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE)


class NotFound(MotcuaError):
    """There is no such resource, or the caller may not know of it."""

    CODES = (grpc.StatusCode.NOT_FOUND,)


class AlreadyExists(MotcuaError):
    """There is one already."""

    CODES = (grpc.StatusCode.ALREADY_EXISTS,)


class Conflict(MotcuaError):
    """Somebody else changed the resource meanwhile: read it again, then decide again."""

    CODES = (grpc.StatusCode.ABORTED,)


class PreconditionFailed(MotcuaError):
    """The resource is not in a state that allows it."""

    CODES = (grpc.StatusCode.FAILED_PRECONDITION,)


class NotAuthenticated(MotcuaError):
    """No token, or one that is expired or not for this system."""

    CODES = (grpc.StatusCode.UNAUTHENTICATED,)


class Forbidden(MotcuaError):
    """The caller has no permission for this call."""

    CODES = (grpc.StatusCode.PERMISSION_DENIED,)


class RateLimited(MotcuaError):
    """Too many calls: wait `retry_seconds`."""

    CODES = (grpc.StatusCode.RESOURCE_EXHAUSTED,)


class Unavailable(MotcuaError):
    """The service, or one that it needs, is down; safe to try again later with the same `request_id`."""

    CODES = (grpc.StatusCode.UNAVAILABLE,)


class DeadlineExceeded(MotcuaError):
    """No answer in time: it may or may not have happened. Try again with the same `request_id` to know."""

    CODES = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


class Internal(MotcuaError):
    """A defect of the suite; `metadata` holds the incident id to report."""

    CODES = (
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.UNIMPLEMENTED,
    )


_BY_CODE = {code: kind for kind in MotcuaError.__subclasses__() for code in kind.CODES}


def from_rpc_error(error: grpc.RpcError) -> MotcuaError:
    """The typed exception of a failed call."""
    call: Any = error  # gRPC raises an object that is both the error and the call
    code = call.code()
    kind = _BY_CODE.get(code, Internal)
    message = call.details() or code.name
    try:
        status = rpc_status.from_call(call)
    except ValueError:  # the details contradict the status line: a proxy changed it; the status line counts
        status = None
    if status is None:
        return kind(code, message)
    info = _detail(status, error_details_pb2.ErrorInfo())
    localized = _detail(status, error_details_pb2.LocalizedMessage())
    bad_request = _detail(status, error_details_pb2.BadRequest())
    retry = _detail(status, error_details_pb2.RetryInfo())
    violations = bad_request.field_violations if bad_request else ()
    return kind(
        code,
        message,
        reason=info.reason if info else "",
        domain=info.domain if info else "",
        metadata=dict(info.metadata) if info else {},
        localized_message=localized.message if localized else "",
        violations=tuple(FieldViolation(one.field, one.description, one.reason) for one in violations),
        retry_seconds=retry.retry_delay.ToTimedelta().total_seconds() if retry else None,
        status=status,
    )


def _detail(status: status_pb2.Status, target: _Detail) -> _Detail | None:
    """The detail of `target`'s type, unpacked into it; None when the status has none."""
    return next((target for one in status.details if one.Unpack(target)), None)
