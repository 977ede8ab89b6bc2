"""The accounts of people, asked of identity."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import grpc

from motcua.identity.v1.account_pb2 import LookupAccountRequest
from motcua.identity.v1.account_pb2_grpc import AccountServiceStub
from motcua_client.errors import NotFound

REMEMBERED = 10_000
PURPOSE = "land register: find whom to tell of a read"


class _NoAccount(Exception):
    pass


class IdentityAccounts:
    """Accounts by personal number. An account's name never changes, so it is remembered once found.

    Args:
        channel: opens the channel to identity, when it is first needed.
    """

    def __init__(self, channel: Callable[[], grpc.Channel]) -> None:
        self._channel = channel
        self._found = lru_cache(maxsize=REMEMBERED)(self._ask)

    def name_of(self, citizen_id: str) -> str:
        """Return `accounts/{id}` of a person; empty when the person has none.

        Raises:
            MotcuaError: identity does not answer: a read that cannot be told must not happen.
        """
        try:
            return self._found(citizen_id)
        except _NoAccount:
            return ""

    def _ask(self, citizen_id: str) -> str:
        try:
            account = AccountServiceStub(self._channel()).LookupAccount(
                LookupAccountRequest(citizen_id=citizen_id, purpose=PURPOSE)
            )
        except NotFound:
            raise _NoAccount from None
        return account.name
