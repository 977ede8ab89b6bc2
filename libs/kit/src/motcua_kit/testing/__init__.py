"""Test plugin: real servers, a settable clock, a token issuer, and services served in this process."""

from motcua_kit.testing.authority import Authority
from motcua_kit.testing.clock import SettableClock
from motcua_kit.testing.fixtures import (
    bare_environment,
    bucket,
    clock,
    issuer,
    object_store,
    pytest_configure,
    serve,
    servers,
    signing_files,
    store,
)
from motcua_kit.testing.issuer import Issuer
from motcua_kit.testing.running import RunningService, citizen, officer, service_caller, work
from motcua_kit.testing.serving import Serving

__all__ = [
    "Authority",
    "Issuer",
    "RunningService",
    "Serving",
    "SettableClock",
    "bare_environment",
    "bucket",
    "citizen",
    "clock",
    "issuer",
    "object_store",
    "officer",
    "pytest_configure",
    "serve",
    "servers",
    "service_caller",
    "signing_files",
    "store",
    "work",
]
