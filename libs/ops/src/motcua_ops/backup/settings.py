"""Settings of backup and restore."""

from __future__ import annotations

from pydantic import Field, SecretStr

from motcua_ops.errors import OpsError
from motcua_ops.settings import OpsSettings

STORES = ("mongodb_uri", "object_store_url", "object_store_access_key", "object_store_secret_key")


class BackupSettings(OpsSettings):
    """What operators' commands are told, and the store of backups where that is S3."""

    backup_store_url: str = Field("", description="S3 endpoint that keeps backups, when they go to `s3://`.")
    backup_store_region: str = Field("us-east-1", description="S3 region there.")
    backup_store_access_key: SecretStr = Field(SecretStr(""), description="S3 access key there.")
    backup_store_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key there.")

    def refuse_without_stores(self) -> None:
        """Say what is not set of what leads to the stores of the suite.

        Raises:
            OpsError: something is not.
        """
        if missing := [name.upper() for name in STORES if not getattr(self, name)]:
            raise OpsError(f"settings: {', '.join(missing)} not set; run this in the image motcua/ops of the release")
