"""What can go wrong, as types. The RPC layer turns each type into one status (`motcua_kit.rpc.errors`).

DomainError
├── ValidationFailed      the request says something impossible
├── NotFound              no such resource, or none the caller may know of
├── AlreadyExists
├── IllegalTransition     the state does not allow the command
├── PreconditionFailed    something else must be done first
├── StaleVersion          the etag is not the current one
├── Conflict              somebody else changed it at the same time
├── NotAuthenticated
├── Forbidden
├── RateLimited
└── DependencyDown        a server this one needs does not answer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request that breaks a rule."""

    field: str
    reason: str
    message: str


class DomainError(Exception):
    """Root of all expected failures.

    Args:
        reason: UPPER_SNAKE constant that clients switch on; a value of the service's `ErrorReason` without its prefix.
        message: English sentence for operators and developers.
        **metadata: every variable that appears in a localised text of this reason.
    """

    def __init__(self, reason: str, message: str, **metadata: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.metadata = metadata


class ValidationFailed(DomainError):
    """The request says something that no state could accept."""

    def __init__(self, reason: str, message: str, violations: Sequence[FieldViolation] = (), **metadata: str) -> None:
        super().__init__(reason, message, **metadata)
        self.violations = tuple(violations)


class NotFound(DomainError):
    """There is no such resource, or the caller may not know that there is one."""

    def __init__(self, reason: str = "NOT_FOUND", message: str = "no such resource", **metadata: str) -> None:
        super().__init__(reason, message, **metadata)


class AlreadyExists(DomainError):
    """A resource with this identity is there already."""


class IllegalTransition(DomainError):
    """The state of the resource does not allow the command."""


class PreconditionFailed(DomainError):
    """Something else must be done or arrive first: a missing paper, a pending check, an open dispute."""


class StaleVersion(DomainError):
    """The caller's etag is not the current one: read again and decide anew."""


class Conflict(DomainError):
    """Another writer won a race that could not be settled by trying again."""


class NotAuthenticated(DomainError):
    """There is no token, or none that can be trusted."""


class Forbidden(DomainError):
    """The caller is known and may not do this."""


class RateLimited(DomainError):
    """The caller asks too often; `retry_after` says when to come back."""

    def __init__(self, reason: str, message: str, retry_after: timedelta, **metadata: str) -> None:
        super().__init__(reason, message, **metadata)
        self.retry_after = retry_after


class DependencyDown(DomainError):
    """A server that is needed does not answer; the same call may succeed later."""

    retry_after = timedelta(seconds=5)
