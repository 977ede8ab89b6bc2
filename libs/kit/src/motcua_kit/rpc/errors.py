"""The error table: what each failure is on the wire (AIP-193)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from opentelemetry import trace
from pymongo.errors import ConnectionFailure, ExecutionTimeout, NetworkTimeout, OperationFailure, WTimeoutError

from motcua_client import errors as remote
from motcua_client.credentials import CredentialsError
from motcua_kit import domain
from motcua_kit.localisation import Catalogue

log = structlog.get_logger(__name__)

DEPENDENCY_ERRORS: tuple[type[Exception], ...] = (
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    WTimeoutError,
    remote.Unavailable,
    remote.DeadlineExceeded,
    remote.RateLimited,
    CredentialsError,
)
"""Failures of servers behind this one, which may be full as well; the same call may succeed later."""

INTERNAL_ERROR, OUT_OF_DISK_SPACE = 1, 14031
"""Codes by which a MongoDB server says that the fault is its own."""


def is_outage(error: Exception) -> bool:
    """Tell whether a server behind this one failed, so that the same call may succeed later."""
    own_fault = isinstance(error, OperationFailure) and error.code in (INTERNAL_ERROR, OUT_OF_DISK_SPACE)
    return own_fault or isinstance(error, DEPENDENCY_ERRORS)


def may_fail_for_ever(error: Exception) -> bool:
    """Tell whether the server that failed may do so at this very call every time: it did not say what failed in it."""
    return isinstance(error, OperationFailure) and error.code == INTERNAL_ERROR


MAX_STATUS_BYTES = 4_000
"""A status travels in a trailer, in Base64 beside its own message, and clients take 8 KiB of trailers."""

MAX_TEXT_BYTES = 500


@dataclass(frozen=True)
class Row:
    """How one type of failure looks in gRPC and over HTTP."""

    code: int
    http: int


TABLE: dict[type[domain.DomainError], Row] = {
    domain.ValidationFailed: Row(code_pb2.INVALID_ARGUMENT, 400),
    domain.NotFound: Row(code_pb2.NOT_FOUND, 404),
    domain.AlreadyExists: Row(code_pb2.ALREADY_EXISTS, 409),
    domain.IllegalTransition: Row(code_pb2.FAILED_PRECONDITION, 400),
    domain.PreconditionFailed: Row(code_pb2.FAILED_PRECONDITION, 400),
    domain.StaleVersion: Row(code_pb2.ABORTED, 409),
    domain.Conflict: Row(code_pb2.ABORTED, 409),
    domain.NotAuthenticated: Row(code_pb2.UNAUTHENTICATED, 401),
    domain.Forbidden: Row(code_pb2.PERMISSION_DENIED, 403),
    domain.RateLimited: Row(code_pb2.RESOURCE_EXHAUSTED, 429),
    domain.DependencyDown: Row(code_pb2.UNAVAILABLE, 503),
}


def row_of(error: domain.DomainError) -> Row:
    """Return the table row for an error: that of its nearest listed class."""
    return next(TABLE[cls] for cls in type(error).__mro__ if cls in TABLE)


def status_of(error: Exception, service: str, catalogue: Catalogue, language: str = "vi") -> status_pb2.Status:
    """Return the status that tells a caller about an error, with all details AIP-193 asks for.

    What is not a `DomainError` becomes INTERNAL with nothing but an incident id; the traceback goes to the log.
    """
    if is_outage(error):
        log.warning("dependency_down", error=type(error).__name__)
        error = domain.DependencyDown("DEPENDENCY_DOWN", "a server behind this one does not answer")
    if not isinstance(error, domain.DomainError):
        return _incident(error, service, catalogue, language)
    violations = error.violations if isinstance(error, domain.ValidationFailed) else ()
    while (status := _refusal(error, violations, service, catalogue, language)).ByteSize() > MAX_STATUS_BYTES:
        if not violations:
            break
        violations = violations[: len(violations) // 2]
    return status


def _clipped(text: str) -> str:
    """Return the beginning of a text that may repeat what a caller sent."""
    raw = text.encode(errors="replace")
    return text if len(raw) <= MAX_TEXT_BYTES else f"{raw[:MAX_TEXT_BYTES].decode(errors='ignore')}…"


def _refusal(
    error: domain.DomainError,
    violations: Sequence[domain.FieldViolation],
    service: str,
    catalogue: Catalogue,
    language: str,
) -> status_pb2.Status:
    message = _clipped(error.message)
    metadata = {name: _clipped(value) for name, value in error.metadata.items()}
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=f"{service}.motcua", metadata=metadata),
        error_details_pb2.LocalizedMessage(
            locale=language, message=message if language == "en" else catalogue.text(error.reason, metadata)
        ),
    ]
    match error:
        case domain.ValidationFailed() if violations:
            details.append(
                error_details_pb2.BadRequest(
                    field_violations=[
                        error_details_pb2.BadRequest.FieldViolation(
                            field=_clipped(violation.field),
                            reason=violation.reason,
                            description=_clipped(violation.message),
                        )
                        for violation in violations
                    ]
                )
            )
        case domain.NotFound() | domain.AlreadyExists():
            details.append(error_details_pb2.ResourceInfo(resource_name=metadata.get("resource", "")))
        case domain.IllegalTransition() | domain.PreconditionFailed():
            details.append(
                error_details_pb2.PreconditionFailure(
                    violations=[
                        error_details_pb2.PreconditionFailure.Violation(
                            type=error.reason,
                            subject=metadata.get("resource", ""),
                            description=message,
                        )
                    ]
                )
            )
        case domain.RateLimited():
            violation = error_details_pb2.QuotaFailure.Violation(subject=error.reason, description=message)
            details.append(error_details_pb2.QuotaFailure(violations=[violation]))
            details.append(_retry_info(error.retry_after))
        case domain.DependencyDown():
            details.append(_retry_info(error.retry_after))
        case _:
            pass
    return _status(row_of(error).code, message, details)


def _retry_info(delay: timedelta) -> error_details_pb2.RetryInfo:
    duration = Duration()
    duration.FromTimedelta(delay)
    return error_details_pb2.RetryInfo(retry_delay=duration)


def _incident(error: Exception, service: str, catalogue: Catalogue, language: str) -> status_pb2.Status:
    context = trace.get_current_span().get_span_context()
    incident = f"{context.trace_id:032x}" if context.is_valid else uuid.uuid4().hex
    log.error("unexpected_error", incident=incident, exc_info=error)
    metadata = {"incident": incident}
    english = f"internal error, incident {incident}"
    text = english if language == "en" else catalogue.text("INTERNAL", metadata)
    return _status(
        code_pb2.INTERNAL,
        english,
        [
            error_details_pb2.ErrorInfo(reason="INTERNAL", domain=f"{service}.motcua", metadata=metadata),
            error_details_pb2.LocalizedMessage(locale=language, message=text),
        ],
    )


def _status(code: int, message: str, details: list[Message]) -> status_pb2.Status:
    packed = []
    for detail in details:
        packed.append(AnyMessage())
        packed[-1].Pack(detail)
    return status_pb2.Status(code=code, message=message, details=packed)


class WireStatus(grpc.Status):
    """A status with its details in the trailing metadata, as `abort_with_status` wants it."""

    def __init__(self, status: status_pb2.Status) -> None:
        self.code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
        self.details = status.message
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)
