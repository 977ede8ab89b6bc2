"""Settings of backup and restore: environment variables, or files in `SECRETS_DIR` as for the services."""

from __future__ import annotations

import os
from typing import Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class PlaceSettings(BaseSettings):
    """The store of backups, where they are kept in S3."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    backup_store_url: str = Field("", description="S3 endpoint that keeps backups, when they go to `s3://`.")
    backup_store_access_key: SecretStr = Field(SecretStr(""), description="S3 access key there.")
    backup_store_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key there.")
    backup_store_region: str = Field("us-east-1", description="S3 region there.")

    @classmethod
    def read(cls) -> Self:
        """Read the settings.

        Raises:
            pydantic.ValidationError: one is missing or wrong.
        """
        return cls(_secrets_dir=os.environ.get("SECRETS_DIR"))


class BackupSettings(PlaceSettings):
    """The stores of the suite besides."""

    mongodb_uri: SecretStr = Field(description="MongoDB connection string of a replica set that has all databases.")
    object_store_url: str = Field(description="S3 endpoint of the suite's buckets.")
    object_store_access_key: SecretStr = Field(description="S3 access key for all buckets.")
    object_store_secret_key: SecretStr = Field(description="S3 secret key.")
    object_store_region: str = Field("us-east-1", description="S3 region.")
