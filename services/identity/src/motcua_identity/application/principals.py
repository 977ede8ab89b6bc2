"""What a token says about its subject, as of the moment it is issued."""

from __future__ import annotations

from dataclasses import dataclass

from motcua_identity.application.ports import Accounts, Officers
from motcua_identity.domain.calendar import civil_day
from motcua_identity.domain.officer import Post
from motcua_kit.clock import Clock
from motcua_kit.domain import NotFound


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who can hold a token.

    Attributes:
        name: resource name, the subject of the token.
        kind: `citizen`, `officer` or `service`.
        display_name: for the screen.
        posts: of an officer, in force today.
    """

    name: str
    kind: str
    display_name: str
    posts: tuple[Post, ...] = ()

    def claims(self) -> dict[str, object]:
        """Return the claims that services decide by."""
        return {"kind": self.kind, "posts": [{"unit": post.unit, "role": post.role.value} for post in self.posts]}


class Principals:
    """Looks subjects up."""

    def __init__(self, accounts: Accounts, officers: Officers, clock: Clock) -> None:
        self._accounts = accounts
        self._officers = officers
        self._clock = clock

    def find(self, subject: str) -> Principal | None:
        """Return who the subject is now, or None when there is nobody any more."""
        collection, _, identity = subject.partition("/")
        try:
            if collection == "accounts":
                return Principal(subject, "citizen", self._accounts.get(identity).full_name)
            officer = self._officers.get(identity)
        except NotFound:
            return None
        posts = officer.posts_on(civil_day(self._clock()))
        return Principal(subject, "officer", officer.full_name, tuple(posts))
