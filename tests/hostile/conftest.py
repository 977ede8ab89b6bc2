"""A town to attack: the whole suite in this process, with work in every state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from motcua_devstack.embedded import EmbeddedServers
from motcua_devstack.fuzz.affairs import carry_on
from motcua_devstack.fuzz.town import Town


@pytest.fixture(scope="session")
def town(servers: EmbeddedServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(servers, tmp_path_factory.mktemp("town")) as town:
        carry_on(town)
        yield town
