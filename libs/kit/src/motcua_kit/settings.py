"""Typed settings. A service subclasses `ServiceSettings`; the environment is read nowhere else."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from motcua_kit.clock import Clock, shifted_clock, system_clock

SAMPLE_SECRET_MARK = "sample"  # noqa: S105 - the mark of a secret that must not reach production


class Profile(StrEnum):
    """Where a process runs. `local` allows what must never happen elsewhere: plain HTTP, a shifted clock."""

    LOCAL = "local"
    PRODUCTION = "production"


class LeaderElection(StrEnum):
    """Where the lease lies that lets one of several schedulers of a service work."""

    MONGODB = "mongodb"
    KUBERNETES = "kubernetes"


class ServiceSettings(BaseSettings):
    """What every service is told. Each field is an environment variable of the same name in upper case.

    Secrets may come as files: `SECRETS_DIR` names a folder with one file a setting.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

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
    object_store_public_url: str = Field("", description="S3 endpoint that clients reach; the same when empty.")
    object_store_access_key: SecretStr = Field(SecretStr(""), description="S3 access key.")
    object_store_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key.")
    object_store_bucket: str = Field("", description="Bucket of this service; `motcua-<service>` when empty.")
    object_store_region: str = Field("us-east-1", description="S3 region.")

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
    otel_metrics_endpoint: str = Field(
        "", description="OTLP/gRPC endpoint for metrics, which not every receiver of spans takes; not sent when empty."
    )

    grpc_bind: str = Field("127.0.0.1:0", description="Address of the gRPC server.")
    grpc_threads: int = Field(16, ge=1, description="Calls handled at once in one process.")
    grpc_max_waiting: int = Field(
        64, ge=1, description="Calls in flight above which a server answers RESOURCE_EXHAUSTED."
    )
    grpc_reflection: bool = Field(False, description="Serve the reflection API.")
    grpc_stop_grace: float = Field(20.0, description="Seconds that running calls get when the server stops.")
    http_bind: str = Field("127.0.0.1:0", description="Address of the HTTP server, where the service has one.")
    http_threads: int = Field(8, ge=1, description="Threads of the HTTP server.")
    rate_limit: str = Field("600/minute", description="Calls per caller; format of the `limits` library.")

    issuer: str = Field("", description="OIDC issuer whose tokens are trusted.")
    jwks_url: str = Field("", description="Key set of the issuer; found under the issuer when empty.")
    token_url: str = Field("", description="Token endpoint for the service's own credentials.")
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

    @model_validator(mode="after")
    def _name_the_lease(self) -> Self:
        if self.leader_election is LeaderElection.KUBERNETES and not (self.lease_name and self.lease_namespace):
            message = "leader_election: kubernetes needs lease_name and lease_namespace"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _refuse_local_things_elsewhere(self) -> Self:
        if self.profile is Profile.LOCAL:
            return self
        if self.clock_offset_file is not None:
            message = "clock_offset_file: a shifted clock is allowed in the local profile only"
            raise ValueError(message)
        for name, value in self:
            if isinstance(value, SecretStr) and value.get_secret_value().startswith(SAMPLE_SECRET_MARK):
                message = f"{name}: holds a sample secret; make one of your own"
                raise ValueError(message)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read, in this order: what the code gives, the environment, the files in `SECRETS_DIR`."""
        del dotenv_settings, file_secret_settings
        files = SecretsSettingsSource(settings_cls, secrets_dir=os.environ.get("SECRETS_DIR"))
        return init_settings, env_settings, files

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
