"""Typed client of Motcua, the City's one-stop (một cửa): connect, authenticate, call, wait, read errors.

The stubs and messages live in the generated package `motcua`.
"""

from motcua_client.channel import Client, connect
from motcua_client.credentials import ClientCredentials, Credentials, StaticToken
from motcua_client.errors import (
    AlreadyExists,
    Conflict,
    DeadlineExceeded,
    FieldViolation,
    Forbidden,
    Internal,
    MotcuaError,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    RateLimited,
    Unavailable,
    ValidationFailed,
)
from motcua_client.requests import with_request_id
from motcua_client.retrying import attempts
from motcua_client.tls import Tls, TlsError
from motcua_client.trust import http_session
from motcua_client.waiting import WaitTimeout, wait_for, wait_for_state

__all__ = [
    "AlreadyExists",
    "Client",
    "ClientCredentials",
    "Conflict",
    "Credentials",
    "DeadlineExceeded",
    "FieldViolation",
    "Forbidden",
    "Internal",
    "MotcuaError",
    "NotAuthenticated",
    "NotFound",
    "PreconditionFailed",
    "RateLimited",
    "StaticToken",
    "Tls",
    "TlsError",
    "Unavailable",
    "ValidationFailed",
    "WaitTimeout",
    "attempts",
    "connect",
    "http_session",
    "wait_for",
    "wait_for_state",
    "with_request_id",
]
