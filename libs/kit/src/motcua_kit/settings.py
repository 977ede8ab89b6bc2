"""Typed settings. A service subclasses `ServiceSettings`; the environment is read nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, SecretStr

from motcua_client import TlsError
from motcua_kit.clock import Clock, shifted_clock, system_clock
from motcua_kit.environment import TLS_FILES, EnvironmentSettings
from motcua_kit.refusals import Https, Refusal, empty, refused, unfit_for_production

DOCUMENTS = frozenset({"object_store_url", "object_store_access_key", "object_store_secret_key"})
"""What a service with documents needs."""

SIGNING = frozenset({"signing_key_file", "signing_certificate_file", "signing_chain_file"})
"""What a worker that signs documents needs."""


class Profile(StrEnum):
    """Where a process runs. `local` allows what must never happen elsewhere: plain HTTP, a shifted clock."""

    LOCAL = "local"
    PRODUCTION = "production"


class LeaderElection(StrEnum):
    """Where the lease lies that lets one of several schedulers of a service work."""

    MONGODB = "mongodb"
    KUBERNETES = "kubernetes"


class ServiceSettings(EnvironmentSettings):
    """What every service is told.

    Attributes:
        needed: settings that must not be empty outside the local profile.
        needed_by_workers: further ones that only the workers need.
    """

    needed: ClassVar[frozenset[str]] = frozenset({"mongodb_uri", "issuer", "page_token_key"})
    needed_by_workers: ClassVar[frozenset[str]] = frozenset({"broker_url"})

    profile: Profile = Field(Profile.PRODUCTION, description="`local` or `production`.")
    service_name: str = Field("", description="Name in telemetry and of the database; set by the service.")
    log_level: str = Field("INFO", description="Least level that is logged.")
    health_bind: str = Field("", description="Address that serves `/livez` and `/readyz`; they are not when empty.")

    mongodb_uri: SecretStr = Field(description="MongoDB connection string of a replica set.")
    mongodb_database: str = Field("", description="Database; `motcua_<service>` when empty.")
    schema_wait: float = Field(
        0.0, ge=0, description="Seconds that a process waits at its start until the database is migrated."
    )

    object_store_url: str = Field("", description="S3 endpoint that services use, e.g. `http://127.0.0.1:8333`.")
    object_store_public_url: Annotated[str, Https()] = Field(
        "", description="S3 endpoint that clients reach; the same when empty."
    )
    object_store_access_key: SecretStr = Field(SecretStr(""), description="S3 access key.")
    object_store_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key.")
    object_store_bucket: str = Field("", description="Bucket of this service; `motcua-<service>` when empty.")
    object_store_region: str = Field("us-east-1", description="S3 region.")
    object_store_grace_days: int = Field(
        7,
        ge=1,
        description="Days that bytes which no document names stay in the bucket; then they are deleted.",
    )

    broker_url: SecretStr = Field(SecretStr(""), description="Celery broker, e.g. `redis://127.0.0.1:6379/0`.")
    broker_visibility_timeout: int = Field(
        300, ge=5, description="Seconds after which a task of a dead worker is given to another; task limits lie below."
    )
    worker_concurrency: int = Field(2, ge=1, description="Child processes of a worker.")

    leader_election: LeaderElection = Field(
        LeaderElection.MONGODB,
        description="Lease that a scheduler works under: `mongodb` (the service's database) or `kubernetes`.",
    )
    lease_name: str = Field("", description="Kubernetes Lease of that; it must exist.")
    lease_namespace: str = Field("", description="Namespace of that Lease.")

    otel_exporter_otlp_endpoint: str = Field("", description="OTLP/gRPC endpoint; telemetry is not sent when empty.")
    trace_reads: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of the reads that are traced when their caller traces none; commands all are.",
    )
    otel_metrics_endpoint: str = Field(
        "", description="OTLP/gRPC endpoint for metrics, which not every receiver of spans takes; not sent when empty."
    )

    grpc_bind: str = Field("127.0.0.1:0", description="Address of the gRPC server.")
    grpc_threads: int = Field(16, ge=1, description="Calls handled at once in one process.")
    grpc_working: int = Field(
        2,
        ge=1,
        description="Of these, calls that work at once; others wait for their turn, or for another service. Two keep a "
        "processor busy as long as a call waits for the database no longer than it computes.",
    )
    grpc_max_waiting: int = Field(
        64, ge=1, description="Calls that wait for a thread in one process; more are refused with RESOURCE_EXHAUSTED."
    )
    grpc_reflection: bool = Field(False, description="Serve the reflection API.")
    grpc_stop_grace: float = Field(20.0, description="Seconds that running calls get when the server stops.")
    grpc_max_connection_age: float = Field(
        60.0,
        gt=0,
        description="Seconds after which the server ends a connection, so that clients look for new servers.",
    )
    http_bind: str = Field("127.0.0.1:0", description="Address of the HTTP server, where the service has one.")
    http_threads: int = Field(8, ge=1, description="Threads of the HTTP server.")
    http_request_timeout: float = Field(
        20.0, gt=0, description="Seconds from the head of a request to the last byte of its answer, at most."
    )
    rate_limit: str = Field("600/minute", description="Calls per caller; format of the `limits` library.")

    issuer: Annotated[str, Https()] = Field("", description="OIDC issuer whose tokens are trusted.")
    jwks_url: str = Field("", description="Key set of the issuer; found under the issuer when empty.")
    token_url: str = Field("", description="Token endpoint of the issuer; discovered under the issuer when empty.")
    client_id: str = Field("", description="The service's own OIDC client; `<service>` when empty.")
    client_secret: SecretStr = Field(SecretStr(""), description="Secret of that client.")

    identity_address: str = Field("", description="gRPC address of identity.")
    dossier_address: str = Field("", description="gRPC address of dossier.")
    land_address: str = Field("", description="gRPC address of land.")
    permits_address: str = Field("", description="gRPC address of permits.")
    notify_address: str = Field("", description="gRPC address of notify.")

    city_dir: Path = Field(Path("city"), description="Folder with the City's facts and law.")
    topology_file: Path = Field(Path("telemetry/topology.yaml"), description="Events, subscribers, schedules, edges.")
    page_token_key: SecretStr = Field(SecretStr(""), description="Key that signs page tokens.")

    signing_key_file: Path | None = Field(None, description="Private key (PEM) that signs documents.")
    signing_key_passphrase: SecretStr = Field(SecretStr(""), description="Passphrase of that key, if it has one.")
    signing_certificate_file: Path | None = Field(None, description="Certificate (PEM) of that key.")
    signing_chain_file: Path | None = Field(None, description="Issuing certificates (PEM) up to the root.")

    clock_offset_file: Path | None = Field(
        None, description="Local profile only: file with seconds added to the clock."
    )

    def unusable(self) -> Iterator[Refusal]:
        """Yield what is refused."""
        yield from super().unusable()
        if None not in (getattr(self, name) for name in TLS_FILES):
            yield from self._unreadable_tls()
        if self.leader_election is LeaderElection.KUBERNETES:
            yield from empty(self, frozenset({"lease_name", "lease_namespace"}))
        if self.profile is not Profile.LOCAL:
            yield from self.unfit()

    def _unreadable_tls(self) -> Iterator[Refusal]:
        try:
            if self.tls:
                self.tls.read()
        except TlsError as error:
            yield Refusal("tls_certificate_file", str(error))

    def unfit(self) -> Iterator[Refusal]:
        """Yield what is refused outside the local profile; a subclass adds what only it can judge."""
        yield from unfit_for_production(self, self.needed)
        if self.clock_offset_file is not None:
            yield Refusal("clock_offset_file", "a shifted clock is allowed in the local profile only")
        if self.object_store_url.startswith("http://") and not self.object_store_public_url:
            yield Refusal(
                "object_store_public_url",
                "is empty, so that clients would be sent to OBJECT_STORE_URL, which is http; set their https address",
            )

    def for_worker(self) -> Self:
        """Return the settings, when a worker can work with them.

        Raises:
            pydantic.ValidationError: one that it needs is empty, outside the local profile.
        """
        refusals = [*empty(self, self.needed_by_workers)]
        if refusals and self.profile is not Profile.LOCAL:
            raise refused(type(self).__name__, refusals)
        return self

    @property
    def database(self) -> str:
        """Name of the service's database."""
        return self.mongodb_database or f"motcua_{self.service_name}"

    @property
    def bucket(self) -> str:
        """Name of the service's bucket."""
        return self.object_store_bucket or f"motcua-{self.service_name}"

    @property
    def client(self) -> str:
        """OIDC client id of the service."""
        return self.client_id or self.service_name

    def clock(self) -> Clock:
        """Return the business clock."""
        return shifted_clock(self.clock_offset_file) if self.clock_offset_file else system_clock

    def address_of(self, service: str) -> str:
        """Return the gRPC address of another service.

        Raises:
            ValueError: the setting is empty.
        """
        address: str = getattr(self, f"{service}_address")
        if not address:
            message = f"{service}_address is not set; this service calls {service}"
            raise ValueError(message)
        return address


class SchedulerSettings(ServiceSettings):
    """Settings of the scheduler, which serves nobody."""

    needed = frozenset({"mongodb_uri", "broker_url"})
