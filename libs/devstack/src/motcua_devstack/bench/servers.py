"""Servers that a row has to itself: a dossier service on a database of its own, and its bare counterpart.

Nobody relays the events of such a database, so that a command is measured without its consequences.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pymongo

from motcua.dossier.v1.dossier_pb2 import Dossier
from motcua_devstack import ports, probes
from motcua_devstack.bench.profile import sampled
from motcua_devstack.bench.rows import Bench
from motcua_devstack.demo.local import local_world
from motcua_devstack.demo.people import Person
from motcua_devstack.demo.world import World
from motcua_devstack.embedded import MONGODB_URI
from motcua_devstack.ports import HOST
from motcua_devstack.supervisor import Process, Supervisor
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Store

DOSSIERS = "dossiers"
SERVICE = "/motcua.dossier.v1.DossierService"
MAIN_DATABASE = "motcua_dossier"
UNLIMITED = "1000000/second"
"""A rate limit that is counted as ever and never reached."""

OF_SERVICE = {
    "RATE_LIMIT": UNLIMITED,
    "TRACE_READS": str(ServiceSettings.model_fields["trace_reads"].default),
    "CLOCK_OFFSET_FILE": "",
}
"""What is different from the stack, which traces all reads for those who want to see them, and looks into a file for
what time it is; production does neither."""


def store(bench: Bench, database: str) -> Store:
    """A connection to a database of the stack's server; close it."""
    return Store(bench.running.addresses.mongodb_uri, database, "motcua-bench")


@contextlib.contextmanager
def dossier_server(
    bench: Bench, database: str, settings: Mapping[str, str] | None = None, name: str = ""
) -> Iterator[str]:
    """Run a gRPC server of dossier; yields its `host:port`.

    Args:
        bench: where the rest of the suite is.
        database: its database, migrated at its start.
        settings: what differs from the stack's dossier service; as many reads are traced as in production.
        name: of the process; that of the database when empty.
    """
    name = name or database
    port = ports.allocate([name])[name]
    process = Process(
        name=name,
        command=(sys.executable, "-m", "motcua_dossier", "grpc", "--migrate"),
        environment=_environment(bench, database, port) | OF_SERVICE | dict(settings or {}),
        ready=probes.grpc_health(port),
    )
    with (
        dropped(bench, database),
        Supervisor([process], bench.folder) as running,
        sampled(running.pid(name), bench.profile, name),
    ):
        yield f"{HOST}:{port}"


@contextlib.contextmanager
def bare_server(bench: Bench, database: str, answer: Dossier) -> Iterator[str]:
    """Run a bare server on a database that is filled, with the indexes of dossier; yields its `host:port`.

    Args:
        bench: where the store is.
        database: what it finds and changes documents in.
        answer: what it answers with.
    """
    file = bench.folder / f"{database}.answer"
    file.write_bytes(answer.SerializeToString())
    port = ports.allocate([database])[database]
    environment = _environment(bench, database, port)
    indexes = Process(
        name=f"{database}-indexes",
        command=(sys.executable, "-m", "motcua_dossier", "migrate"),
        environment=environment,
        once=True,
    )
    bare = Process(
        name=f"{database}-bare",
        command=(sys.executable, "-m", "motcua_devstack.bench.bare", str(file)),
        environment=environment,
        ready=probes.tcp(port),
        after=(indexes.name,),
    )
    with dropped(bench, database), Supervisor([indexes, bare], bench.folder):
        yield f"{HOST}:{port}"


@contextlib.contextmanager
def dropped(bench: Bench, database: str) -> Iterator[None]:
    """Drop a database behind the block, if its store is the developer's own; the embedded one goes with the run.

    To drop a hundred thousand dossiers takes the embedded store longer than to import them.
    """
    try:
        yield
    finally:
        if MONGODB_URI in bench.running.stack.given:
            # Without the time limits of the suite, or what was measured would be lost.
            with pymongo.MongoClient[Any](bench.running.addresses.mongodb_uri) as client:
                client.drop_database(database)


def dossier_settings(bench: Bench, database: str) -> dict[str, str]:
    """The settings of the stack's dossier service, on a database of its own."""
    return {**bench.running.settings("dossier"), "MONGODB_DATABASE": database}


def _environment(bench: Bench, database: str, port: int) -> dict[str, str]:
    return {**dossier_settings(bench, database), "GRPC_BIND": f"{HOST}:{port}"}


@contextlib.contextmanager
def world(bench: Bench) -> Iterator[World]:
    """The stack as people see it."""
    seen = local_world(bench.running, lambda channel: channel)
    try:
        yield seen
    finally:
        seen.suite.close()


@contextlib.contextmanager
def world_with(bench: Bench, dossier: str) -> Iterator[World]:
    """The same, with the dossier service at `dossier` in place of the stack's."""
    addresses = bench.running.addresses
    own = dataclasses.replace(addresses, grpc={**addresses.grpc, "dossier": dossier})
    with world(dataclasses.replace(bench, running=dataclasses.replace(bench.running, addresses=own))) as seen:
        yield seen


def signed_in(person: Person) -> str:
    """An access token of a person that is valid now; empty for anyone."""
    return person.credentials.token() if person.credentials else ""
