"""Browsers in which an officer has signed in before.

Wrong sign-ins of an officer are counted, so strangers who guess could keep the officer out as long as they like. A
browser that shows that it has been let in before is counted apart from them (OWASP: device cookies).
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

from motcua_identity.application.ports import RealTime, Sealer, SealError

LIFETIME = timedelta(days=180)


class KnownDevices:
    """Makes and reads the cookies that such browsers keep; nothing is stored."""

    def __init__(self, sealer: Sealer, now: RealTime) -> None:
        self._sealer = sealer
        self._now = now

    def remember(self, username: str) -> str:
        """Return a cookie for a browser in which the officer has just signed in."""
        until = int((self._now() + LIFETIME).timestamp())
        known = {"username": username, "device": secrets.token_urlsafe(16), "until": until}
        return self._sealer.seal(json.dumps(known).encode()).decode()

    def device_of(self, cookie: str, username: str) -> str:
        """Return the device that a cookie names; empty when it is not one of this officer, or too old."""
        try:
            known = json.loads(self._sealer.open(cookie.encode()))
        except SealError:
            return ""
        fresh = known["until"] > self._now().timestamp()
        return str(known["device"]) if fresh and known["username"] == username else ""
