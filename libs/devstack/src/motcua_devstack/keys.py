"""Secrets of people and programs outside: of a stack on this machine, or handed to a pod as files."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pyotp

from motcua_kit.documents.sample_key import SampleKey, write_sample_key

CITY = "Thành phố Hồ Chí Minh (thử nghiệm trên một máy)"
SIGNER = "Motcua – Ký số văn bản thử nghiệm"
SEALER = "Motcua – Niêm phong lịch sử thử nghiệm"


class Secrets(Protocol):
    """Named secrets."""

    def token(self, name: str) -> str:
        """A random secret."""
        ...

    def totp_seed(self, name: str) -> str:
        """A Base32 seed for time-based one-time passwords."""
        ...

    @property
    def chain_file(self) -> Path:
        """Certificates (PEM) that issued the one which signs documents, up to the root."""
        ...


class SecretFolder:
    """Secrets that somebody else has made, one file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def token(self, name: str) -> str:
        """A random secret."""
        return (self._folder / name).read_text()

    totp_seed = token

    @property
    def chain_file(self) -> Path:
        """Certificates (PEM) that issued the one which signs documents, up to the root."""
        return self._folder / "chain.pem"


class Vault:
    """Secrets of a stack on this machine: made at its first start, kept in files that only their owner can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def token(self, name: str) -> str:
        """A random secret of 43 characters."""
        return self._once(name, lambda: secrets.token_urlsafe(32))

    def totp_seed(self, name: str) -> str:
        """A Base32 seed for time-based one-time passwords."""
        return self._once(name, pyotp.random_base32)

    def _once(self, name: str, make: Callable[[], str]) -> str:
        file = self.folder / name
        if not file.exists():
            _write(file, make().encode())
        return file.read_text()

    @property
    def chain_file(self) -> Path:
        """Certificates (PEM) that issued the one which signs documents, up to the root."""
        return self.signing().chain_file

    def signing(self) -> SampleKey:
        """The key that signs documents, under a root of this machine's own."""
        folder = self.folder / "signing"
        files = SampleKey(folder / "key.pem", folder / "certificate.pem", folder / "chain.pem")
        if not files.chain_file.exists():  # written last
            write_sample_key(folder, common_name=SIGNER, organisation=CITY, time=datetime.now(UTC))
        return files


def _write(file: Path, content: bytes) -> None:
    """Write a whole file that only its owner can read, or none."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(file)
