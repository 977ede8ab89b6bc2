"""The pure part of the kit: what a service's `domain` package may build on. No I/O, no clock, no framework."""

from motcua_kit.domain.aggregate import Aggregate, Event
from motcua_kit.domain.errors import (
    AlreadyExists,
    Conflict,
    DependencyDown,
    DomainError,
    FieldViolation,
    Forbidden,
    IllegalTransition,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    RateLimited,
    StaleVersion,
    ValidationFailed,
)
from motcua_kit.domain.machine import Machine, Transition, transition

__all__ = [
    "Aggregate",
    "AlreadyExists",
    "Conflict",
    "DependencyDown",
    "DomainError",
    "Event",
    "FieldViolation",
    "Forbidden",
    "IllegalTransition",
    "Machine",
    "NotAuthenticated",
    "NotFound",
    "PreconditionFailed",
    "RateLimited",
    "StaleVersion",
    "Transition",
    "ValidationFailed",
    "transition",
]
