"""An issuer of access tokens for tests: real ES256 tokens from a key made on the spot."""

from __future__ import annotations

import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from motcua_kit.access import Caller
from motcua_kit.tokens import AUDIENCE, TokenVerifier

URL = "https://identity.test"


class Issuer:
    """Signs tokens that `verifier` trusts."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self.verifier = TokenVerifier(URL, self.key_set)

    def key_set(self) -> dict[str, Any]:
        """Return the public keys, as the issuer's JWKS endpoint would."""
        return {"keys": [self.key.as_dict(private=False)]}

    def token(self, caller: Caller, *, seconds: int = 600, **claims: object) -> str:
        """Return a token for a caller; `claims` replace the ordinary ones."""
        now = int(time.time())
        payload = {
            "iss": URL,
            "aud": AUDIENCE,
            "sub": caller.name,
            "kind": caller.kind,
            "posts": [{"unit": post.unit, "role": post.role} for post in caller.posts],
            "loa": caller.assurance,
            "iat": now,
            "exp": now + seconds,
            **claims,
        }
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, payload, self.key)
