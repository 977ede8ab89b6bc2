"""What the settings of every program of the suite have in common: where they come from, and transport security."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from motcua_client import Tls
from motcua_kit.refusals import Refusal, refused

TLS_FILES = ("tls_certificate_file", "tls_key_file", "tls_ca_file")


class TlsSettings(BaseSettings):
    """Transport security between the programs of the suite."""

    tls_certificate_file: Path | None = Field(
        None, description="Own certificate (PEM, with chain): mutual TLS for gRPC both ways, TLS for the HTTP end."
    )
    tls_key_file: Path | None = Field(None, description="Private key (PEM) of that certificate.")
    tls_ca_file: Path | None = Field(
        None, description="Authorities (PEM) of the other services: for gRPC these only, for HTTP also the public ones."
    )

    @property
    def tls(self) -> Tls | None:
        """Transport security between services; None when it is not set."""
        if self.tls_ca_file is None:
            return None
        return Tls(self.tls_ca_file, self.tls_certificate_file, self.tls_key_file)


class EnvironmentSettings(TlsSettings):
    """Settings of which each field is an environment variable of the same name in upper case.

    Secrets may come as files: `SECRETS_DIR` names a folder with one file a setting.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    @model_validator(mode="after")
    def _refuse_what_cannot_be(self) -> Self:
        if refusals := [*self.unusable()]:
            raise refused(type(self).__name__, refusals)
        return self

    def unusable(self) -> Iterator[Refusal]:
        """Yield what is refused; a subclass adds what only it can judge."""
        missing = [name for name in TLS_FILES if getattr(self, name) is None]
        if len(missing) < len(TLS_FILES):
            yield from (Refusal(name, "is empty; set all of TLS_…_FILE or none") for name in missing)

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
