"""Embedded servers for tests: each starts when it is first asked for, all stop together.

A server of the developer's own, named in the environment, is used instead.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from motcua_devstack import ports, servers
from motcua_devstack.errors import DevError
from motcua_devstack.supervisor import Process, Supervisor

MONGODB_URI = "MONGODB_URI"
BROKER_URL = "BROKER_URL"
OBJECT_STORE_URL = "OBJECT_STORE_URL"
OBJECT_STORE_ACCESS_KEY = "OBJECT_STORE_ACCESS_KEY"
OBJECT_STORE_SECRET_KEY = "OBJECT_STORE_SECRET_KEY"  # noqa: S105 - the name of a variable
SHARED = "MOTCUA_SHARED_SERVERS"
"""Set by `./dev test`: the servers named in the environment are embedded ones that all workers share."""
TEST_KEY, TEST_SECRET = "motcua-tests", "only-for-embedded-servers-of-tests"


class EmbeddedServers:
    """A MongoDB-wire server, an S3 store and a broker with nothing in them; use it in a `with` block."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="motcua-servers-")
        self._running: dict[str, Supervisor] = {}
        self._mongodb_uri = os.environ.get(MONGODB_URI, "")
        self._broker_url = os.environ.get(BROKER_URL, "")
        self._object_store = given_object_store(os.environ)

    def __enter__(self) -> Self:
        """Ready to start servers."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what was started and forget its data."""
        for supervisor in self._running.values():
            supervisor.stop()
        self._folder.cleanup()

    @property
    def mongodb_uri(self) -> str:
        """Connection string of the MongoDB-wire server."""
        if not self._mongodb_uri:
            port = ports.allocate([servers.MONGO])[servers.MONGO]
            self._start(servers.mongo(port, self._data(servers.MONGO), durable=False))
            self._mongodb_uri = servers.mongodb_uri(port)
        return self._mongodb_uri

    @property
    def broker_url(self) -> str:
        """Connection string of the broker."""
        if not self._broker_url:
            port = ports.allocate([servers.BROKER])[servers.BROKER]
            self._start(servers.broker(port, self._data(servers.BROKER)))
            self._broker_url = servers.broker_url(port)
        return self._broker_url

    @property
    def object_store(self) -> servers.ObjectStoreAccess:
        """Address and identity of the S3 store."""
        if self._object_store is None:
            taken = ports.allocate(servers.OBJECT_PORTS)
            access = servers.ObjectStoreAccess(f"http://{ports.HOST}:{taken['s3']}", TEST_KEY, TEST_SECRET)
            self._start(servers.objects(taken, self._data(servers.OBJECTS), access))
            self._object_store = access
        return self._object_store

    def environment(self) -> dict[str, str]:
        """Variables that make another process use these servers; starts all of them."""
        store = self.object_store
        return {
            SHARED: "1",
            MONGODB_URI: self.mongodb_uri,
            BROKER_URL: self.broker_url,
            OBJECT_STORE_URL: store.url,
            OBJECT_STORE_ACCESS_KEY: store.access_key,
            OBJECT_STORE_SECRET_KEY: store.secret_key,
        }

    def _data(self, name: str) -> Path:
        return Path(self._folder.name) / name

    def _start(self, process: Process) -> None:
        supervisor = Supervisor([process], Path(self._folder.name) / "logs")
        self._running[process.name] = supervisor
        supervisor.start()


def given_object_store(environment: Mapping[str, str]) -> servers.ObjectStoreAccess | None:
    """The object store that the environment names; None when it names none.

    Raises:
        DevError: it names a store and no identity there.
    """
    url = environment.get(OBJECT_STORE_URL)
    if not url:
        return None
    try:
        access, secret = environment[OBJECT_STORE_ACCESS_KEY], environment[OBJECT_STORE_SECRET_KEY]
    except KeyError as error:
        raise DevError(f"{OBJECT_STORE_URL} is set, so {error.args[0]} must be set, too") from error
    return servers.ObjectStoreAccess(url, access, secret)
