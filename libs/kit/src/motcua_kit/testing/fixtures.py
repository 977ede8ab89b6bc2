"""Fixtures for the tests of all services."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from motcua_kit.documents.sample_key import write_sample_key
from motcua_kit.objects import ObjectStore
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Store
from motcua_kit.testing.clock import SettableClock
from motcua_kit.testing.issuer import Issuer
from motcua_kit.testing.running import RunningService
from motcua_kit.testing.serving import Serving

if TYPE_CHECKING:
    from motcua_devstack.embedded import EmbeddedServers


def pytest_configure() -> None:
    """Log tracebacks as they are: with the values of all variables, which is structlog's way, one takes a second."""
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], console])


@pytest.fixture(scope="session")
def servers(embedded_servers: EmbeddedServers) -> EmbeddedServers:
    """The servers of this run, from the plugin `motcua_devstack.testing`."""
    return embedded_servers


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no setting, whatever servers the run names there."""
    for name in ServiceSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def store(servers: EmbeddedServers) -> Iterator[Store]:
    """A connection to a database of this test's own, dropped afterwards."""
    store = Store(servers.mongodb_uri, f"test_{uuid.uuid4().hex[:16]}")
    yield store
    store.client.drop_database(store.database.name)
    store.close()


@pytest.fixture(scope="session")
def bucket() -> str:
    """Name of the bucket of this run; keys are unique, so tests can share it, and each bucket costs seven volumes."""
    return f"tests-{uuid.uuid4().hex[:16]}"


@pytest.fixture
def object_store(servers: EmbeddedServers, bucket: str) -> ObjectStore:
    """The bucket of this run."""
    access = servers.object_store
    objects = ObjectStore(access.url, access.access_key, access.secret_key, bucket)
    objects.ensure_bucket()
    return objects


@pytest.fixture
def clock() -> SettableClock:
    """A business clock that stands at Monday 23 November 2026, 9:00 in Ho Chi Minh City."""
    return SettableClock()


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    """An issuer whose tokens the served services trust."""
    return Issuer()


@pytest.fixture(scope="session")
def signing_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Settings for signing documents with a key made for this run."""
    sample = write_sample_key(
        tmp_path_factory.mktemp("signing"),
        common_name="Test signer",
        organisation="Test agency",
        time=SettableClock().now - timedelta(days=365),
    )
    return {
        "signing_key_file": sample.key_file,
        "signing_certificate_file": sample.certificate_file,
        "signing_chain_file": sample.chain_file,
    }


@pytest.fixture
def serve(
    servers: EmbeddedServers,
    store: Store,
    bucket: str,
    clock: SettableClock,
    issuer: Issuer,
    signing_files: dict[str, Path],
) -> Iterator[Callable[..., RunningService]]:
    """Serve a service in this process: `serve(SERVICE, land_address=…)`; settings may be given by keyword.

    Whatever the test did, each document must be what its history makes of it at the end.
    """
    settings = {"mongodb_database": store.database.name, "object_store_bucket": bucket, **signing_files}
    with Serving(servers, issuer, clock, settings) as serving:
        yield serving.start
        deviations = serving.deviations()
    if deviations:
        pytest.fail(f"documents are not what their history makes of them: {deviations}")
