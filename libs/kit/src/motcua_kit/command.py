"""A command: who asks for what, when, and under which request id."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


def no_reply(_aggregate: Any) -> bytes:
    """Keep no reply."""
    return b""


@dataclass(frozen=True)
class Command:
    """The envelope of one state-changing request.

    Attributes:
        name: what is asked, e.g. `AcceptDossier` or `permits.open_application`.
        actor: resource name of who asks, e.g. `officers/1f…` or `services/permits`.
        time: business time of the command, aware UTC. Domain code takes its `now` from here.
        request_id: the caller's id for this request; empty switches idempotency off.
        fingerprint: hash of the request's content; the same id with another fingerprint is refused.
        on_behalf_of: resource name of the person for whom a service acts.
        reason: why, as the actor stated it; kept in the history.
        encode_reply: turns the changed aggregate into the bytes that a repeat of the request gets back while they are
            kept (`motcua_kit.store.repository`); later it gets what they would be now.
    """

    name: str
    actor: str
    time: datetime
    request_id: str = ""
    fingerprint: str = ""
    on_behalf_of: str = ""
    reason: str = ""
    encode_reply: Callable[[Any], bytes] = dataclasses.field(default=no_reply, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Identity of the request for idempotency: caller, command and request id together; empty when off."""
        return f"{self.actor}|{self.name}|{self.request_id}" if self.request_id else ""

    def derived(self, suffix: str) -> Command:
        """Return the command for one of several writes that this command makes, with an id of its own.

        A repeat of the whole derives the same ids, so that each part happens once. Its reply is not kept.
        """
        request_id = f"{self.request_id}:{suffix}" if self.request_id else ""
        return dataclasses.replace(self, request_id=request_id, encode_reply=no_reply)

    def new_id(self) -> str:
        """Return an id for what this command makes: whenever it is repeated, the same; without a request id, any."""
        return (uuid.uuid5(uuid.NAMESPACE_URL, self.key) if self.key else uuid.uuid4()).hex

    def because(self, reason: str) -> Command:
        """Return the same command with the stated reason."""
        return dataclasses.replace(self, reason=reason)


def fingerprint_of(*parts: bytes) -> str:
    """Return a short hash of a request's content."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()[:32]
