"""When which key signs tokens, and which keys are published.

A new key is published before it signs, so that verifiers that cache the key set know it in time; an old key stays
published until the last token it signed has expired.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

PUBLISHED_AHEAD = timedelta(minutes=10)
"""Twice what services cache the key set for."""

KEPT_AFTER = timedelta(hours=1)
"""Longer than any token lives."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair for tokens.

    Attributes:
        kid: thumbprint of the public key (RFC 7638).
        public_key: public JWK.
        sealed_private_key: private JWK, encrypted for storage.
        create_time: when it was made.
        sign_time: from when it signs.
        expire_time: when it leaves the key set; None while no other key has replaced it.
    """

    kid: str
    public_key: dict[str, str]
    sealed_private_key: bytes
    create_time: datetime
    sign_time: datetime
    expire_time: datetime | None = None

    def retired(self, successor: SigningKey) -> SigningKey:
        """Return the key as it is once a successor is known."""
        if self.expire_time is not None:
            return self
        return replace(self, expire_time=successor.sign_time + KEPT_AFTER)

    def withdrawn(self, now: datetime) -> SigningKey:
        """Return the key as it is once it is no longer secret: tokens that it signed are not believed any more."""
        return replace(self, expire_time=now)


def signer(keys: Iterable[SigningKey], now: datetime) -> SigningKey | None:
    """Return the key that signs now: of those that may, the one that started last."""
    ready = [key for key in published(keys, now) if key.sign_time <= now]
    return max(ready, key=lambda key: (key.sign_time, key.expire_time is None, key.kid), default=None)


def published(keys: Iterable[SigningKey], now: datetime) -> list[SigningKey]:
    """Return the keys of the key set, newest first."""
    kept = [key for key in keys if key.expire_time is None or now < key.expire_time]
    return sorted(kept, key=lambda key: (key.sign_time, key.kid), reverse=True)
