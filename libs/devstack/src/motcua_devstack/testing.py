"""Pytest fixture: real servers for tests.

Under `./dev test` all workers share one set of servers, named in the environment; otherwise each worker starts its own.
"""

from collections.abc import Iterator

import pytest

from motcua_devstack.embedded import EmbeddedServers


@pytest.fixture(scope="session")
def embedded_servers() -> Iterator[EmbeddedServers]:
    """Servers that start when they are first asked for."""
    with EmbeddedServers() as servers:
        yield servers
