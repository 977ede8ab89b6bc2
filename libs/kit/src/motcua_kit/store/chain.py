"""The hash chain of an aggregate's history: whoever changes, removes or inserts an entry breaks it.

Format for outsiders: `docs/reference/audit.md`; reasons: `docs/adr/0022-verifiable-history.md`.

A document has beside `history` a list `chain` with a link for each entry, and `chain_head`, which the next write reads.
The links stand apart from the entries so that the version before this one can read both and go on writing; what it
wrote is adopted by the next write.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from motcua_kit.clock import day_of

Document = dict[str, Any]

FORMAT = "motcua.entry/1"
PERSONAL = ("actor", "on_behalf_of", "reason")
"""Parts of an entry that say something of a person: hashed through a salted commitment, so that they can be erased."""

ORIGIN = bytes(32)
"""What stands for the entry before the first."""

SALT_BYTES = 16


def canonical(value: object) -> bytes:
    """Return JSON in the one form of RFC 8785, for objects of texts, integers, lists and objects with ASCII names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def timestamp(time: datetime) -> str:
    """Return a time as it is hashed: RFC 3339, UTC, milliseconds, which is what the database keeps."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def commitment(salt: bytes, field: str, value: str) -> bytes:
    """Return what stands for a personal value: HMAC-SHA-256 under its own salt, without which it tells nothing."""
    return hmac.digest(salt, f"{field}\0{value}".encode(), "sha256")


def commitments(entry: Mapping[str, Any], link: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the commitments of an entry by field: of what was erased as kept, of the rest made anew."""
    made = {field: commitment(salt, field, entry.get(field, "")) for field, salt in link["salts"].items()}
    return {**link.get("erased", {}), **made}


def plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that an entry has, whatever that is, but the personal parts; the time as text."""
    shown = {field: value for field, value in entry.items() if field not in PERSONAL}
    return {**shown, "time": timestamp(entry["time"])}


def entry_hash(name: str, entry: Mapping[str, Any], link: Mapping[str, Any], previous: bytes) -> bytes:
    """Return the hash of an entry, which covers all entries before it.

    Args:
        name: `collection/id` of the aggregate.
        entry: as stored in `history`.
        link: as stored in `chain`.
        previous: hash of the entry before; `ORIGIN` for the first.
    """
    hashed = {
        "format": FORMAT,
        "name": name,
        "entry": plain(entry),
        "personal": {field: value.hex() for field, value in commitments(entry, link).items()},
        "adopted": timestamp(link["adopted"]) if "adopted" in link else "",
        "previous": previous.hex(),
    }
    return hashlib.sha256(canonical(hashed)).digest()


@dataclass(frozen=True)
class Head:
    """The end of a chain: what the next entry is linked to.

    Attributes:
        length: entries that are linked.
        hash: of the last of them.
        day: the latest day, as `2026-11-23`, of an entry or an adoption; by it the daily seal finds what has changed.
    """

    length: int = 0
    hash: bytes = ORIGIN
    day: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Head:
        """Return the head in a document; one that an older version made has none yet."""
        return cls(**document["chain_head"]) if "chain_head" in document else cls()


def extend(
    name: str, head: Head, entries: Sequence[Mapping[str, Any]], adopted: datetime | None = None
) -> tuple[list[Document], Head]:
    """Link further entries, and return their links and the new head.

    Args:
        name: `collection/id` of the aggregate.
        head: of the chain so far.
        entries: those that follow it, in order.
        adopted: when entries were linked that an older version wrote without; None for an entry that is just made.
    """
    links = []
    for entry in entries:
        salts = {field: secrets.token_bytes(SALT_BYTES) for field in PERSONAL if entry.get(field)}
        link: Document = {"version": entry["version"], "salts": salts}
        if adopted is not None:
            link["adopted"] = adopted
        link["hash"] = entry_hash(name, entry, link, head.hash)
        day = day_of(adopted or entry["time"])
        head = Head(entry["version"], link["hash"], max(head.day, day))
        links.append(link)
    return links, head


def erased(entry: Document, link: Document, field: str) -> tuple[Document, Document]:
    """Return an entry and its link without a personal value, as the law may demand; the hash stays what it was.

    Raises:
        ValueError: there is no such value to erase.
    """
    if field not in link["salts"]:
        message = f"entry {entry['version']} has no {field} to erase"
        raise ValueError(message)
    kept = {**link.get("erased", {}), field: commitment(link["salts"][field], field, entry[field])}
    salts = {other: salt for other, salt in link["salts"].items() if other != field}
    return {**entry, field: ""}, {**link, "salts": salts, "erased": kept}


class Kind(StrEnum):
    """How a history differs from what was written."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    UNLINKED = "not linked"


@dataclass(frozen=True)
class Break:
    """A place where a history is not what was written.

    Attributes:
        kind: what happened to the entry.
        version: number of the entry.
    """

    kind: Kind
    version: int


def breaks(name: str, document: Mapping[str, Any]) -> Iterator[Break]:
    """Yield what is wrong in the history of an aggregate, as far as its document alone can tell.

    `UNLINKED` is what an older version wrote, or somebody who wants it to look so: entries at the end, one after the
    other, that have no link yet.
    """
    links = {link["version"]: link for link in document.get("chain", ())}
    entries: dict[int, Mapping[str, Any]] = {}
    highest, head = 0, Head.of(document)
    for entry in document["history"]:
        version = entry["version"]
        if version in entries:
            yield Break(Kind.INSERTED, version)
            continue
        if version < highest:
            yield Break(Kind.REORDERED, version)
        highest = max(highest, version)
        entries[version] = entry
    previous = ORIGIN
    for version in range(1, max([highest, head.length, document["version"], *links]) + 1):
        if version not in entries:
            yield Break(Kind.REMOVED, version)
        elif version > document["version"] or (version not in links and version <= head.length):
            yield Break(Kind.INSERTED, version)
        elif version not in links:
            yield Break(Kind.UNLINKED, version)
        elif not _fits(name, entries[version], links[version], previous):
            yield Break(Kind.CHANGED, version)
        previous = links[version]["hash"] if version in links else b""
    if head.length in links and head.hash != links[head.length]["hash"]:
        yield Break(Kind.CHANGED, head.length)


def _fits(name: str, entry: Mapping[str, Any], link: Mapping[str, Any], previous: bytes) -> bool:
    uncovered = {field for field in PERSONAL if entry.get(field)} - link["salts"].keys()
    return not uncovered and entry_hash(name, entry, link, previous) == link["hash"]
