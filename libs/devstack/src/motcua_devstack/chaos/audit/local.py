"""The audit of a stack on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from motcua_devstack.chaos.audit.stores import Audited, open_audited
from motcua_devstack.embedded import given_object_store
from motcua_devstack.load.ledger import Entry
from motcua_devstack.stack import Stack
from motcua_kit.clock import shifted_clock
from motcua_ops.backup.settings import BackupSettings


@contextmanager
def open_stack(stack: Stack, ledger: tuple[Entry, ...] = ()) -> Iterator[Audited]:
    """Open the stores of a stack that runs, for the block.

    Raises:
        DevError: the stack never ran.
    """
    addresses, given, vault = stack.addresses(), given_object_store(stack.given), stack.vault()
    settings = BackupSettings(
        mongodb_uri=SecretStr(addresses.mongodb_uri),
        object_store_url=addresses.object_store,
        object_store_access_key=SecretStr(given.access_key if given else vault.token("object-store-access-key")),
        object_store_secret_key=SecretStr(given.secret_key if given else vault.token("object-store-secret-key")),
    )
    clock = shifted_clock(stack.clock_offset)
    with open_audited(settings, sink=addresses.sms, ledger=ledger, clock=clock) as audited:
        yield audited
