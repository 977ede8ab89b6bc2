"""Slow password hashes, and sealing of what must be read again."""

from __future__ import annotations

import base64
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from motcua_identity.application.ports import SealError


class Argon2Passwords:
    """argon2id with the library's parameters, which follow RFC 9106."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """Compared with when the user name is unknown, so that the answer takes as long as for a known one."""
        return self._hasher.hash("nobody")

    def hash(self, password: str) -> str:
        """Return a salted hash."""
        return self._hasher.hash(password)

    def verify(self, password: str, password_hash: str) -> bool:
        """Tell whether the password has this hash; takes as long for an empty hash as for a real one."""
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(password_hash)


class FernetSealer:
    """Authenticated encryption with keys derived from the service's sealing key.

    Args:
        key: any secret text with much entropy; while it is rotated, the new and the former one on lines of their
            own: the first seals, all of them open.
    """

    def __init__(self, key: str) -> None:
        self._fernet = MultiFernet([_fernet(part) for part in key.splitlines()])

    def seal(self, plain: bytes) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt.

        Raises:
            SealError: it was sealed with another key, or tampered with.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise SealError from error

    def reseal(self, sealed: bytes) -> bytes:
        """Encrypt with the first key what any of them has sealed.

        Raises:
            SealError: it was sealed with another key, or tampered with.
        """
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise SealError from error


def _fernet(key: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"motcua identity sealing").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
