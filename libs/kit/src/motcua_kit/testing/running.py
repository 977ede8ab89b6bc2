"""A service served in this process over a real socket, and ways to call it and to run its background work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import grpc

from motcua_client import StaticToken, connect
from motcua_kit.access import Caller, Post
from motcua_kit.events.news import of_aggregates
from motcua_kit.events.relay import BATCH
from motcua_kit.service import App, Runtime, Service
from motcua_kit.testing.issuer import Issuer

Stub = TypeVar("Stub")


def citizen(name: str = "accounts/an", assurance: int = 2) -> Caller:
    """Return a citizen."""
    return Caller(name=name, kind="citizen", assurance=assurance)


def officer(role: str, unit: str = "units/26740", name: str = "") -> Caller:
    """Return an officer with one post."""
    return Caller(name=name or f"officers/{role}", kind="officer", posts=(Post(unit, role),))


def service_caller(name: str) -> Caller:
    """Return another service."""
    return Caller(name=f"services/{name}", kind="service")


class RunningService:
    """One service of a test.

    Attributes:
        app: the service as it was built.
        runtime: what it was built with; its store holds what the service wrote.
        address: of its gRPC server.
        lives: how its documents follow from their histories.
    """

    def __init__(self, service: Service[Any], settings: Any, runtime: Runtime, issuer: Issuer) -> None:
        service.migrate(runtime)
        self.runtime = runtime
        self.lives = service.lives
        self.app: App = service.build(settings, runtime)
        self._issuer = issuer
        self._clients: list[Any] = []
        self._server = service.grpc_server(settings, runtime, self.app)
        self._server.start()
        self.address = self._server.address

    def call(self, stub: Callable[[grpc.Channel], Stub], as_: Caller | None = None) -> Stub:
        """Return a stub that calls the service as somebody; as anyone when nobody is given."""
        token = StaticToken(self._issuer.token(as_)) if as_ else None
        client = connect(self.address, token)
        self._clients.append(client)
        return client.stub(stub)

    def events(self) -> list[dict[str, Any]]:
        """Return the events that wait in the outboxes, oldest first, as the relay would send them."""
        database = self.runtime.store.database
        found = [
            event
            for name in database.list_collection_names()
            if of_aggregates(name)
            for document in database[name].find({"pending": True}, {"outbox": 1}, limit=BATCH)
            for event in document["outbox"]
        ]
        return sorted(found, key=lambda event: event["time"])

    def receive(self, task: str, wire: Mapping[str, Any]) -> None:
        """Run a handler with an event, as a worker does; failures come through."""
        tasks = self.app.tasks
        if tasks is None:
            message = "the service has no background work"
            raise ValueError(message)
        event = {**wire, "time": wire["time"] if isinstance(wire["time"], str) else wire["time"].isoformat()}
        tasks.run(task, event, self.runtime.clock)

    def run_periodic(self, task: str) -> None:
        """Run a scheduled task once."""
        tasks = self.app.tasks
        if tasks is None:
            message = "the service has no background work"
            raise ValueError(message)
        tasks.run(task, None, self.runtime.clock)

    def work(self) -> list[str]:
        """Hand all waiting events to this service's own handlers until none is left; return the event types seen.

        Events for other services are taken out too: look at `events()` first when a test wants them.
        """
        return work([self])

    def take_out(self, identity: str) -> None:
        """Take an event out of its outbox."""
        database = self.runtime.store.database
        for name in database.list_collection_names():
            if of_aggregates(name):
                database[name].update_many({"outbox.id": identity}, {"$pull": {"outbox": {"id": identity}}})
                database[name].update_many({"pending": True, "outbox": {"$size": 0}}, {"$unset": {"pending": ""}})

    def handles(self, task: str) -> bool:
        """Tell whether a task is one of this service's handlers."""
        return self.app.tasks is not None and task in self.app.tasks.event_handlers

    def stop(self) -> None:
        """Stop the server and close what was opened."""
        for client in self._clients:
            client.close()
        self._server.stop()


def work(services: Sequence[RunningService]) -> list[str]:
    """Hand all events that wait in some services to the handlers of these services until none is left.

    Returns:
        The types of the events, in the order in which they were handed over.
    """
    seen: list[str] = []
    while waiting := [(service, event) for service in services for event in service.events()]:
        for service, event in waiting:
            seen.append(event["type"])
            service.take_out(event["id"])
            for subscription in service.runtime.topology.events.get(event["type"], ()):
                for handler in services:
                    if handler.handles(subscription.task):
                        handler.receive(subscription.task, event)
    return seen
