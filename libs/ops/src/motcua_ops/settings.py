"""What the operators' command is told by its environment: the services' names for the same things, none required."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError

from motcua_kit.environment import EnvironmentSettings
from motcua_kit.refusals import problems
from motcua_ops.errors import OpsError
from motcua_ops.naming import OPS, SERVICES

NOT_HERE = "not part of this installation"
"""What is said of a service whose address is not set while those of others are."""


class OpsSettings(EnvironmentSettings):
    """Where the suite and its stores are; all of it may be empty."""

    issuer: str = Field("", description="OIDC issuer: identity's public address.")
    token_url: str = Field("", description="Token endpoint; found under the issuer when empty.")
    client_id: str = Field(OPS, description="OIDC client of the operators' command.")
    client_secret: SecretStr = Field(SecretStr(""), description="Secret of that client.")

    identity_address: str = Field("", description="gRPC address of identity.")
    dossier_address: str = Field("", description="gRPC address of dossier.")
    land_address: str = Field("", description="gRPC address of land.")
    permits_address: str = Field("", description="gRPC address of permits.")
    notify_address: str = Field("", description="gRPC address of notify.")

    mongodb_uri: SecretStr = Field(SecretStr(""), description="MongoDB connection string.")
    broker_url: SecretStr = Field(SecretStr(""), description="Celery broker.")
    object_store_url: str = Field("", description="S3 endpoint.")
    object_store_region: str = Field("us-east-1", description="S3 region.")
    object_store_access_key: SecretStr = Field(SecretStr(""), description="S3 access key.")
    object_store_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key.")
    otel_exporter_otlp_endpoint: str = Field("", description="OTLP/gRPC endpoint.")
    topology_file: Path = Field(Path("telemetry/topology.yaml"), description="Events, queues, schedules.")

    @classmethod
    def load(cls, **given: object) -> Self:
        """Read the environment.

        Args:
            given: values that win over it.

        Raises:
            OpsError: a value is wrong.
        """
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            lines = [f"{name} {problem}" for name, problem in problems(error).items()]
            raise OpsError("settings: " + "; ".join(lines)) from None

    @property
    def addresses(self) -> dict[str, str]:
        """Where the services take gRPC calls, as far as they are set."""
        every = {service: str(getattr(self, f"{service}_address")) for service in SERVICES}
        return {service: address for service, address in every.items() if address}
