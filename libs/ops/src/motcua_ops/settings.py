"""What the operators' command is told by its environment: the services' names for the same things, none required."""

import os
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from motcua_client import Tls
from motcua_ops.errors import OpsError
from motcua_ops.naming import OPS


class OpsSettings(BaseSettings):
    """Each field is an environment variable of the same name in upper case, or a file of that name in `SECRETS_DIR`."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    issuer: str = Field("", description="OIDC issuer: identity's public address.")
    token_url: str = Field("", description="Token endpoint; found under the issuer when empty.")
    client_id: str = Field(OPS, description="OIDC client of the operators' command.")
    client_secret: SecretStr = Field(SecretStr(""), description="Secret of that client.")

    identity_address: str = Field("", description="gRPC address of identity.")
    dossier_address: str = Field("", description="gRPC address of dossier.")
    land_address: str = Field("", description="gRPC address of land.")
    permits_address: str = Field("", description="gRPC address of permits.")
    notify_address: str = Field("", description="gRPC address of notify.")

    tls_certificate_file: Path | None = Field(None, description="Certificate (PEM) for mutual TLS.")
    tls_key_file: Path | None = Field(None, description="Its private key (PEM).")
    tls_ca_file: Path | None = Field(None, description="Authorities (PEM) of the services' certificates.")

    mongodb_uri: SecretStr = Field(SecretStr(""), description="MongoDB connection string.")
    broker_url: SecretStr = Field(SecretStr(""), description="Celery broker.")
    object_store_url: str = Field("", description="S3 endpoint.")
    object_store_region: str = Field("us-east-1", description="S3 region.")
    object_store_access_key: SecretStr = Field(SecretStr(""), description="S3 access key.")
    object_store_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key.")
    otel_exporter_otlp_endpoint: str = Field("", description="OTLP/gRPC endpoint.")
    topology_file: Path = Field(Path("telemetry/topology.yaml"), description="Events, queues, schedules.")

    @model_validator(mode="after")
    def _whole_tls(self) -> Self:
        files = (self.tls_certificate_file, self.tls_key_file, self.tls_ca_file)
        if any(files) and not all(files):
            message = "tls_certificate_file, tls_key_file, tls_ca_file: all three or none"
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

    @classmethod
    def load(cls) -> Self:
        """Read the environment.

        Raises:
            OpsError: a value is wrong.
        """
        try:
            return cls()
        except ValidationError as error:
            lines = [f"{'.'.join(map(str, item['loc'])).upper()} {item['msg']}" for item in error.errors()]
            raise OpsError("settings: " + "; ".join(lines)) from None

    @property
    def tls(self) -> Tls | None:
        """Transport security between services; None for plain text."""
        if self.tls_ca_file is None:
            return None
        return Tls(self.tls_ca_file, self.tls_certificate_file, self.tls_key_file)

    def address_of(self, service: str) -> str:
        """The gRPC address of a service; empty when it is not set."""
        address: str = getattr(self, f"{service}_address")
        return address
