"""Servers that a row has to itself: a dossier service on a database of its own, and its bare counterpart.

Nobody relays the events of such a database, so that a command is measured without its consequences.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator, Mapping

from motcua.dossier.v1.dossier_pb2 import Dossier
from motcua_devstack import ports, probes
from motcua_devstack.bench.rows import Bench
from motcua_devstack.demo.local import local_world
from motcua_devstack.demo.world import World
from motcua_devstack.ports import HOST
from motcua_devstack.supervisor import Process, Supervisor
from motcua_kit.store import Store

DOSSIERS = "dossiers"
UNLIMITED = "1000000/second"
"""A rate limit that is counted as ever and never reached."""


def store(bench: Bench, database: str) -> Store:
    """A connection to a database of the stack's server; close it."""
    return Store(bench.running.addresses.mongodb_uri, database, "motcua-bench")


@contextlib.contextmanager
def dossier_server(bench: Bench, database: str, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a gRPC server of dossier; yields its `host:port`.

    Args:
        bench: where the rest of the suite is.
        database: its database, migrated at its start.
        settings: what differs from the stack's dossier service.
    """
    command = (sys.executable, "-m", "motcua_dossier", "grpc", "--migrate")
    environment = {"MONGODB_DATABASE": database, "RATE_LIMIT": UNLIMITED, **(settings or {})}
    with _server(bench, database, command, environment, health=True) as address:
        yield address


@contextlib.contextmanager
def bare_server(bench: Bench, database: str, answer: Dossier) -> Iterator[str]:
    """Run a bare server on a database that is filled; yields its `host:port`.

    Args:
        bench: where the store is.
        database: what it finds and changes documents in.
        answer: what it answers with.
    """
    file = bench.folder / f"{database}.answer"
    file.write_bytes(answer.SerializeToString())
    command = (sys.executable, "-m", "motcua_devstack.bench.bare", str(file))
    with _server(bench, f"bare-{database}", command, {"MONGODB_DATABASE": database}, health=False) as address:
        yield address


@contextlib.contextmanager
def _server(
    bench: Bench, name: str, command: tuple[str, ...], environment: Mapping[str, str], *, health: bool
) -> Iterator[str]:
    port = ports.allocate([name])[name]
    process = Process(
        name=name,
        command=command,
        environment={**bench.running.settings("dossier"), **environment, "GRPC_BIND": f"{HOST}:{port}"},
        ready=probes.grpc_health(port) if health else probes.tcp(port),
    )
    with Supervisor([process], bench.folder):
        yield f"{HOST}:{port}"


def world_with(bench: Bench, dossier: str) -> World:
    """The world in which the dossier service is the one at `dossier`."""
    addresses = bench.running.addresses
    own = dataclasses.replace(addresses, grpc={**addresses.grpc, "dossier": dossier})
    return local_world(dataclasses.replace(bench.running, addresses=own), lambda channel: channel)
