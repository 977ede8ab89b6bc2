"""Ways by which a person is reached."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """A way by which a person is reached."""

    INBOX = "inbox"
    SMS = "sms"
    EMAIL = "email"
