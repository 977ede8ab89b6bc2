"""A client finds new servers behind a name by itself, as it does behind a headless Service, and loses no call."""

from __future__ import annotations

import socket
import struct
import threading
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from motcua_client import Client, NotFound, StaticToken, connect, wait_for
from motcua_kit.testing import Issuer, citizen

HEADER = 12
TYPE_A = b"\x00\x01"
AN = citizen("accounts/an")


class Names:
    """A name server (RFC 1035) that answers every question for IPv4 addresses with `addresses`."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def target(self, port: str) -> str:
        """gRPC's name of the servers on `port`."""
        return f"dns://127.0.0.1:{self._socket.getsockname()[1]}/things.test:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            query, asker = self._socket.recvfrom(512)
            if not query:
                return
            end = query.index(b"\x00", HEADER) + 5  # a zero ends the name; type and class follow
            asked = self.addresses if query[end - 4 : end - 2] == TYPE_A else ()
            head = query[:2] + struct.pack("!5H", 0x8400, 1, len(asked), 0, 0)
            answers = [
                b"\xc0\x0c" + TYPE_A + struct.pack("!HIH", 1, 0, 4) + socket.inet_aton(address) for address in asked
            ]
            self._socket.sendto(head + query[HEADER:end] + b"".join(answers), asker)


class Replica:
    """A server with a thing that no other has, so that an answer tells who gave it."""

    def __init__(self, things: Any, client: Client) -> None:
        own = things.as_(AN)
        self._thing = own.CreateThing(things.request("CreateThing", unit="units/1"))
        self._request = things.request("GetThing", name=self._thing.name)
        self._stub = client.stub(type(own))

    def answers(self) -> bool:
        """Whether it is this one that answers a call of the client."""
        try:
            return bool(self._stub.GetThing(self._request) == self._thing)
        except NotFound:
            return False


def test_a_new_server_gets_calls_and_one_that_leaves_costs_none(start: Callable[..., Any], issuer: Issuer) -> None:
    first = start(grpc_max_connection_age=1)
    port = first.running.address.rpartition(":")[2]
    second = start(grpc_bind=f"127.0.0.2:{port}", mongodb_database=f"test_{uuid.uuid4().hex[:16]}")
    with Names("127.0.0.1") as names, connect(names.target(port), StaticToken(issuer.token(AN))) as client:
        old, new = Replica(first, client), Replica(second, client)
        assert all(old.answers() for _ in range(10))
        names.addresses = ("127.0.0.1", "127.0.0.2")
        wait_for(new.answers, bool, 30, "a call that the new server answers")
        names.addresses = ("127.0.0.2",)
        first.running.stop()
        assert all(new.answers() for _ in range(10)), "no call is lost with the server that left"
    store = second.running.runtime.store
    store.client.drop_database(store.database.name)
