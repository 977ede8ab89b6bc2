"""What the settings of every program of the suite have in common: where they come from, and transport security."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
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


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        message = f"names no folder: {folder}; mount it, or leave this empty"
        raise ValueError(message)
    return folder


class EnvironmentSettings(TlsSettings):
    """Settings of which each field is an environment variable of the same name in upper case."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    secrets_dir: Annotated[Path, AfterValidator(_there)] | None = Field(
        None, description="Folder with a file for each setting that is a secret; variables win over files."
    )

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
        """Read, in this order: what the code gives, the environment, the files in `secrets_dir`."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _SecretFiles(settings_cls)


class _SecretFiles(SecretsSettingsSource):
    """The files of the folder that the sources before this one name; the field refuses one that is not there."""

    def __call__(self) -> dict[str, Any]:
        named = self.current_state.get("secrets_dir")
        self.secrets_dir = named if named and Path(named).is_dir() else None
        try:
            return super().__call__()
        except SettingsError as error:
            problem = f"cannot be read: {error}: {error.__cause__}"
            raise refused(self.settings_cls.__name__, [Refusal("secrets_dir", problem)]) from error
