"""Erasing personal values from a history, as the law may demand.

The order is the next entry of that history: who gave it, when, on what ground, and of what. An erasure without one is
found by `verify`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from motcua_kit.command import Command
from motcua_kit.store import Store
from motcua_kit.store.chain import Head, breaks, erased, extend
from motcua_kit.store.history import entry_of
from motcua_ops.audit.leaves import find_history
from motcua_ops.errors import OpsError

ORDER = "EraseFromHistory"
"""Action of an order. Its request id names the parts, as an entry is hashed with it and no reader has to learn it."""

_SEPARATOR = ","


class Part(NamedTuple):
    """A personal value in a history.

    Attributes:
        version: of the entry.
        field: `actor`, `on_behalf_of` or `reason`.
    """

    version: int
    field: str

    def __str__(self) -> str:
        """As orders name it: `2.reason`."""
        return f"{self.version}.{self.field}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the part of a name.

        Raises:
            ValueError: it is none.
        """
        version, _, field = text.partition(".")
        return cls(int(version), field)


def orders_of(document: Mapping[str, Any]) -> dict[Part, Mapping[str, Any]]:
    """Return by part the entry that orders its erasure.

    Raises:
        ValueError: an order names no parts.
    """
    return {
        Part.read(name): entry
        for entry in document["history"]
        if entry["action"] == ORDER
        for name in entry["request_id"].split(_SEPARATOR)
    }


def erased_parts(document: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the values that were erased from a history."""
    for link in document.get("chain", ()):
        for field in link.get("erased", ()):
            yield Part(link["version"], field)


def parts_of(
    document: Mapping[str, Any], fields: Collection[str], versions: Collection[int] = (), value: str = ""
) -> Iterator[Part]:
    """Yield the values of a history that are there and can be erased.

    Args:
        document: with its history and chain.
        fields: which personal fields.
        versions: of these entries only; of all but orders when empty.
        value: only where the field says exactly this; whatever it says when empty.
    """
    entries = {entry["version"]: entry for entry in document["history"]}
    for link in document.get("chain", ()):
        entry = entries[link["version"]]
        chosen = link["version"] in versions if versions else entry["action"] != ORDER
        for field in link["salts"]:
            if chosen and field in fields and value in ("", entry[field]):
                yield Part(link["version"], field)


def erase(store: Store, name: str, parts: Sequence[Part], *, by: str, ground: str) -> None:
    """Erase values of a history for good, and write the order behind them, at once.

    Only the history changes: what else names the person (the aggregate's data, its documents, messages, backups,
    proofs that were given away) is not touched.

    Args:
        store: the service's database.
        name: `collection/id` of the aggregate; also one that was removed.
        parts: what goes.
        by: who ordered it.
        ground: why it may or must go: article of the law, number of the decision.

    Raises:
        OpsError: there is no such history, it is not whole, a part is not there, or somebody changed it meanwhile.
    """
    found = find_history(store, name)
    if found is None:
        raise OpsError(f"there is no {name}")
    collection, document = found
    if broken := next(breaks(name, document), None):
        raise OpsError(f"{name} is not whole: entry {broken.version} is {broken.kind}; see `motcua audit verify`")
    history, chain = _without(document, parts)
    ids = _SEPARATOR.join(map(str, parts))
    order, head = Command(ORDER, by, datetime.now(UTC), request_id=ids, reason=ground), Head.of(document)
    entry = entry_of(order, head.length + 1)
    links, after = extend(name, head, [entry])
    state = {"history": [*history, entry], "chain": [*chain, *links], "chain_head": asdict(after)}
    unchanged = {"_id": document["_id"], "version": document["version"], "chain_head.length": head.length}
    if not collection.update_one(unchanged, {"$set": {**state, "version": after.length}}).matched_count:
        raise OpsError(f"{name} was changed by somebody else at the same time; nothing was erased, run it again")


def _without(document: Mapping[str, Any], parts: Sequence[Part]) -> tuple[list[Any], list[Any]]:
    entries = {entry["version"]: entry for entry in document["history"]}
    links = {link["version"]: link for link in document["chain"]}
    for version, field in parts:
        try:
            entries[version], links[version] = erased(entries[version], links[version], field)
        except (KeyError, ValueError) as error:
            raise OpsError(f"there is no {field} of entry {version} to erase") from error
    return list(entries.values()), list(links.values())
