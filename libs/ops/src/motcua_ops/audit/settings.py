"""Settings of the audit log."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr

from motcua_ops.errors import OpsError
from motcua_ops.settings import OpsSettings

if TYPE_CHECKING:
    from motcua_kit.documents.sign import FileKey


class Lock(StrEnum):
    """How the object store keeps seals from being deleted."""

    COMPLIANCE = "compliance"
    GOVERNANCE = "governance"
    NONE = "none"


class AuditSettings(OpsSettings):
    """What operators' commands are told, where seals are kept, and what signs them."""

    audit_store_url: str = Field("", description="S3 endpoint that keeps seals; that of documents when empty.")
    audit_store_region: str = Field("us-east-1", description="S3 region there.")
    audit_store_access_key: SecretStr = Field(SecretStr(""), description="S3 access key there.")
    audit_store_secret_key: SecretStr = Field(SecretStr(""), description="S3 secret key there.")
    audit_bucket: str = Field("motcua-audit", description="Bucket of seals; made, with object lock, when missing.")
    audit_prefix: str = Field("", description="Folder in that bucket, where several installations share it.")
    audit_lock: Lock = Field(
        Lock.COMPLIANCE,
        description="Object lock of seals: `compliance` (nobody deletes one), `governance` (who may), `none`; a bucket "
        "without it is refused unless `none`, or `seal --no-lock`.",
    )
    audit_retention_days: int = Field(
        3650, ge=1, description="Days that a seal is locked; no law known to us names a term."
    )
    audit_trust_file: Path | None = Field(None, description="Certificates (PEM) that the signer of seals must lead to.")

    signing_key_file: Path | None = Field(None, description="Private key (PEM) that signs seals.")
    signing_key_passphrase: SecretStr = Field(SecretStr(""), description="Passphrase of that key, if it has one.")
    signing_certificate_file: Path | None = Field(None, description="Certificate (PEM) of that key.")
    signing_chain_file: Path | None = Field(None, description="Issuing certificates (PEM) up to the root.")

    @property
    def store_access(self) -> tuple[str, str, str, str]:
        """Address, access key, secret key and region of the store of seals."""
        if self.audit_store_url:
            keys = self.audit_store_access_key, self.audit_store_secret_key
            return self.audit_store_url, keys[0].get_secret_value(), keys[1].get_secret_value(), self.audit_store_region
        keys = self.object_store_access_key, self.object_store_secret_key
        return self.object_store_url, keys[0].get_secret_value(), keys[1].get_secret_value(), self.object_store_region

    def refuse_without_stores(self) -> None:
        """Say what is not set of what leads to databases and seals.

        Raises:
            OpsError: something is not.
        """
        url, access, secret, _ = self.store_access
        if not (self.mongodb_uri.get_secret_value() and url and access and secret):
            raise OpsError("settings: MONGODB_URI, and AUDIT_STORE_… or OBJECT_STORE_… (URL and both keys) must be set")

    @property
    def key(self) -> FileKey:
        """The key that signs seals.

        Raises:
            OpsError: the settings name none, or one that cannot be used.
        """
        from motcua_kit.documents.sign import FileKey, SigningKeyError  # noqa: PLC0415 - takes a second; sealing only

        files = (self.signing_key_file, self.signing_certificate_file, self.signing_chain_file)
        if None in files:
            raise OpsError(
                "settings: SIGNING_KEY_FILE, SIGNING_CERTIFICATE_FILE, SIGNING_CHAIN_FILE must be set to seal"
            )
        key, certificate, chain = (file for file in files if file is not None)
        source = FileKey(key, certificate, chain, self.signing_key_passphrase.get_secret_value())
        try:
            source.signer()
        except SigningKeyError as error:
            raise OpsError(f"the key that signs seals: {error}") from error
        return source
