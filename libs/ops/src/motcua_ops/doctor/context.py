"""What checks look at: the cluster, the stores, the settings, each opened when it is first used."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import urllib3
from minio import Minio
from pymongo import MongoClient
from redis import Redis

from motcua_kit.store import Store
from motcua_kit.topology import Topology
from motcua_ops.audit.settings import AuditSettings
from motcua_ops.cluster import Cluster, Kind, Manifest
from motcua_ops.errors import OpsError
from motcua_ops.naming import SERVICES, Release
from motcua_ops.settings import NOT_HERE

STORE_SECONDS = 5
"""Bound of one answer of a store."""


@dataclass
class Context:
    """What checks look at.

    Attributes:
        release: whose installation it is.
        settings: addresses and secrets.
        cluster: None when there is no access to the API server.
        no_cluster: why there is none.
        inside: whether this runs in a pod, where names of the cluster are known.
    """

    release: Release
    settings: AuditSettings
    cluster: Cluster | None
    no_cluster: str = ""
    _stores: dict[str, Store] = field(default_factory=dict)
    inside: bool = field(default_factory=lambda: "KUBERNETES_SERVICE_HOST" in os.environ)

    @classmethod
    def find(cls, release: str, namespace: str, context: str, settings: AuditSettings) -> "Context":
        """Find out where this runs and what it may see."""
        try:
            cluster = Cluster.connect(context)
        except OpsError as error:
            return cls(Release(release, namespace or "default"), settings, None, error.message)
        return cls(Release(release, namespace or cluster.namespace), settings, cluster)

    def close(self) -> None:
        """Close what was opened."""
        for name in ("mongodb", "broker"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        while self._stores:
            self._stores.popitem()[1].close()

    @property
    def kubernetes(self) -> Cluster:
        """The cluster, for checks that need it."""
        if self.cluster is None:
            raise OpsError(self.no_cluster)
        return self.cluster

    def objects_of(self, *kinds: Kind) -> list[Manifest]:
        """Objects of the release."""
        selector = f"app.kubernetes.io/instance={self.release.name}"
        return [item for kind in kinds for item in self.kubernetes.labelled(kind, self.release.namespace, selector)]

    @property
    def services(self) -> tuple[str, ...]:
        """Services of this installation, whose names, databases and queues are looked for."""
        return tuple(service for service in SERVICES if not self.absence(service))

    def absence(self, service: str) -> str:
        """Why a service is not looked for here; empty when it is, as all are where no address is set."""
        addresses = self.settings.addresses
        if not addresses:
            return ""
        if service not in addresses:
            return NOT_HERE
        host = addresses[service].rpartition("/")[2].rpartition(":")[0]
        if self.inside and host not in self.release.hosts(self.release.service(service)):
            return f"{NOT_HERE}: it is {addresses[service]}"
        return ""

    @cached_property
    def mongodb(self) -> MongoClient[dict[str, Any]]:
        """The database server."""
        milliseconds = 1000 * STORE_SECONDS
        return MongoClient(
            self.settings.mongodb_uri.get_secret_value(),
            appname="motcua-doctor",
            tz_aware=True,
            serverSelectionTimeoutMS=milliseconds,
            connectTimeoutMS=milliseconds,
            socketTimeoutMS=2 * milliseconds,
        )

    def store(self, service: str) -> Store:
        """A service's database, as the service sees it."""
        if service not in self._stores:
            uri = self.settings.mongodb_uri.get_secret_value()
            self._stores[service] = Store(uri, f"motcua_{service}", "motcua-doctor")
        return self._stores[service]

    @cached_property
    def broker(self) -> Redis:
        """The broker."""
        return Redis.from_url(
            self.settings.broker_url.get_secret_value(),
            socket_timeout=STORE_SECONDS,
            socket_connect_timeout=STORE_SECONDS,
        )

    @cached_property
    def objects(self) -> Minio:
        """The object store."""
        settings = self.settings
        scheme, _, place = settings.object_store_url.rstrip("/").partition("://")
        return Minio(
            place,
            access_key=settings.object_store_access_key.get_secret_value(),
            secret_key=settings.object_store_secret_key.get_secret_value(),
            secure=scheme == "https",
            region=settings.object_store_region,
            http_client=urllib3.PoolManager(timeout=STORE_SECONDS, retries=1),
        )

    @cached_property
    def topology(self) -> Topology:
        """Queues and schedules."""
        return Topology.load(self.settings.topology_file)

    def run_inside(self) -> str:
        """The line that runs the doctor inside the cluster."""
        kubectl = f"kubectl -n {self.release.namespace}"
        job = f"{kubectl} create job --from=cronjob/{self.release.fullname}-doctor doctor-now"
        return f"{job}; {kubectl} logs -f job/doctor-now"


class Stopwatch:
    """Time that something took, and the moment in its middle by this machine's clock."""

    def __init__(self) -> None:
        self.begun = datetime.now(UTC)
        self.seconds = 0.0

    @property
    def milliseconds(self) -> str:
        """For people."""
        return f"{1000 * self.seconds:.0f} ms"

    def skew(self, theirs: datetime) -> float:
        """Seconds by which another clock, read in the middle, is ahead of this machine's."""
        return (theirs - self.begun).total_seconds() - self.seconds / 2


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Time the block."""
    watch = Stopwatch()
    start = time.monotonic()
    yield watch
    watch.seconds = time.monotonic() - start
