"""Transport security from PEM files, which are renewed while programs run."""

import logging
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)


class TlsError(Exception):
    """A file is missing or no PEM, or the key is another certificate's; the text says which files."""


class Pem(NamedTuple):
    """What the files hold; None for those that are not named."""

    ca: bytes | None
    certificate: bytes | None
    key: bytes | None


@dataclass(frozen=True)
class Tls:
    """Transport security. The files are read again when they change.

    Attributes:
        ca: authorities that are trusted, and no others; None for those that gRPC brings.
        certificate: own certificate with those between it and the authority, for mutual TLS; None for none.
        key: private key of that certificate, without a passphrase.

    Raises:
        ValueError: certificate without key, or key without certificate.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        """Refuse half a pair."""
        if (self.certificate is None) != (self.key is None):
            message = "a certificate needs its key, and a key its certificate"
            raise ValueError(message)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are named."""
        return tuple(file for file in (self.ca, self.certificate, self.key) if file is not None)

    def read(self) -> Pem:
        """Return what the files hold now.

        Raises:
            TlsError: they cannot be used, or are being replaced at this moment.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            pem = self._contents()
            if self.certificate is not None:
                # The empty password keeps OpenSSL from asking at the terminal.
                context.load_cert_chain(self.certificate, self.key, password="")
            if self.ca is not None:
                context.load_verify_locations(self.ca)
            settled = pem == self._contents()
        except OSError as error:  # an SSLError is one too
            raise TlsError(f"cannot use {', '.join(map(str, self.files))}: {error}") from error
        if not settled:
            raise TlsError(f"{', '.join(map(str, self.files))} are being replaced")
        return pem

    def _contents(self) -> Pem:
        return Pem(*(None if file is None else file.read_bytes() for file in (self.ca, self.certificate, self.key)))


class WatchedTls:
    """Tells when the files have changed. Files that cannot be used are not taken: the former stay in force.

    Attributes:
        pem: what is in force.

    Raises:
        TlsError: the files cannot be used now.
    """

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._lock = threading.Lock()
        self._stamp = self._now()
        self.pem = tls.read()

    def renewed(self) -> Pem | None:
        """Return what the files hold when that has changed since it was last told, else None."""
        with self._lock:
            stamp = self._now()
            if stamp == self._stamp:
                return None
            self._stamp = stamp
            try:
                pem = self._tls.read()
            except TlsError as error:
                log.warning("changed TLS files are not taken: %s", error)
                return None
            before, self.pem = self.pem, pem
            return pem if pem != before else None

    def _now(self) -> list[tuple[int, int, int]]:
        """What changes whenever a file is written or replaced; shorter while one is missing."""
        found = []
        for file in self._tls.files:
            try:
                status = file.stat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime_ns, status.st_ino, status.st_size))
        return found
