"""A small aggregate, saved by the real repository on a real server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from motcua_kit.command import Command
from motcua_kit.domain import Aggregate, Event, IllegalTransition
from motcua_kit.store import Collection, PageSigner, Repository, Store, ensure_collections

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Added(Event):
    type: ClassVar[str] = "account.added"
    amount: int


@dataclass(kw_only=True)
class Account(Aggregate):
    """Money that can be added until the account is closed."""

    owner: str = ""
    balance: int = 0
    closed: bool = False
    notes: list[str] = field(default_factory=list)

    def add(self, amount: int) -> None:
        if self.closed:
            raise IllegalTransition("CLOSED", "the account is closed")
        self.balance += amount
        self.record(Added(amount))

    def close(self) -> None:
        if self.closed:
            raise IllegalTransition("CLOSED", "the account is closed")
        self.closed = True


@pytest.fixture
def account() -> type[Account]:
    return Account


@pytest.fixture
def accounts(store: Store) -> Repository[Account]:
    ensure_collections(store, [Collection("accounts")])
    return Repository(store, Account, "accounts", signer=PageSigner("key of this test"))


@pytest.fixture
def command() -> Callable[..., Command]:
    """Make a command; each has its own time, an hour after the one before."""
    ticks = itertools.count()

    def make(request_id: str = "", **fields: object) -> Command:
        time = START + timedelta(hours=next(ticks))
        values = {"name": "Add", "actor": "officers/1", "fingerprint": "same", **fields}
        return Command(time=time, request_id=request_id, **values)  # type: ignore[arg-type]

    return make
