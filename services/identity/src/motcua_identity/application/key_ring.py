"""The keys that sign tokens, at hand and in time."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey, KeySet

from motcua_identity.application.ports import RealTime, Sealer, SigningKeys
from motcua_identity.domain.signing_key import PUBLISHED_AHEAD, SigningKey, published, signer

CURVE = "P-256"
READ_AGAIN = timedelta(seconds=30)


class KeyRing:
    """Keeps the keys in memory for a while; other processes may rotate them."""

    def __init__(self, keys: SigningKeys, sealer: Sealer, now: RealTime) -> None:
        self._keys = keys
        self._sealer = sealer
        self._now = now
        self._known: list[SigningKey] = []
        self._read_at: datetime | None = None
        self._lock = threading.Lock()

    def signing_keys(self) -> KeySet:
        """Return a set with only the private key that signs now, so that its `kid` gets into the header.

        The first call in the life of a database makes the first key.
        """
        key = signer(self._read(), self._now())
        if key is None:
            self._keys.add_first(self._make(self._now()))
            self._forget()
            key = signer(self._read(), self._now())
        if key is None:
            message = "no key may sign at this time"
            raise RuntimeError(message)
        return KeySet([ECKey.import_key(json.loads(self._sealer.open(key.sealed_private_key)))])

    def key_set(self) -> dict[str, Any]:
        """Return the public keys that verify tokens."""
        self.signing_keys()
        return {"keys": [key.public_key for key in published(self._read(), self._now())]}

    def public_keys(self) -> KeySet:
        """Return the same as keys."""
        return KeySet([ECKey.import_key({**key.public_key}) for key in published(self._read(), self._now())])

    def rotate(self, *, leaked: bool = False) -> SigningKey:
        """Add a key and let the others run out.

        Args:
            leaked: the present keys are no longer secret: sign with the new one immediately and take the others out of
                the key set, so that what they signed is refused as soon as verifiers have read it again.
        """
        now = self._now()
        known = self._keys.all()
        at_once = leaked or signer(known, now) is None
        key = self._make(now if at_once else now + PUBLISHED_AHEAD)
        if leaked:
            retired = [old.withdrawn(now) for old in published(known, now)]
        else:
            retired = [old.retired(key) for old in known if old.expire_time is None]
        self._keys.replace(retired, key)
        self._forget()
        return key

    def _make(self, sign_time: datetime) -> SigningKey:
        pair = ECKey.generate_key(CURVE, {"use": "sig", "alg": "ES256"}, auto_kid=True)
        private = json.dumps(pair.as_dict(private=True)).encode()
        return SigningKey(
            kid=str(pair.kid),
            public_key={name: str(value) for name, value in pair.as_dict(private=False).items()},
            sealed_private_key=self._sealer.seal(private),
            create_time=self._now(),
            sign_time=sign_time,
        )

    def _read(self) -> list[SigningKey]:
        with self._lock:
            now = self._now()
            if self._read_at is None or not self._known or now - self._read_at > READ_AGAIN:
                self._known, self._read_at = self._keys.all(), now
            return self._known

    def _forget(self) -> None:
        with self._lock:
            self._read_at = None
