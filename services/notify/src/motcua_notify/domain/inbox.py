"""Messages in a person's inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from motcua_kit.domain import Aggregate
from motcua_notify.domain.template import Bilingual


@dataclass(kw_only=True)
class InboxMessage(Aggregate):
    """One message in an inbox; its id is that of the notification that brought it.

    Attributes:
        owner: whose inbox, `accounts/x` or `officers/x`.
        notification: resource name of the notification.
        subject: resource it is about.
        title: title in both languages.
        body: plain text in both languages.
        legal_notice: whether it is an official notice.
        read: whether it was read.
        read_time: when it was first read.
    """

    owner: str
    notification: str
    subject: str
    title: Bilingual
    body: Bilingual
    legal_notice: bool
    read: bool = False
    read_time: datetime | None = None

    def mark_read(self, now: datetime) -> None:
        """Note that it was read; the first time counts."""
        if not self.read:
            self.read = True
            self.read_time = now
