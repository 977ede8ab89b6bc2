"""Proofs: what stands in the history of one aggregate, for somebody who has nothing but the proof."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from motcua_kit.clock import day_of
from motcua_kit.documents.statements import StatementError
from motcua_kit.store import Store
from motcua_kit.store.chain import commitments, plain, timestamp
from motcua_ops.audit.archive import Archive, Stored
from motcua_ops.audit.leaves import Leaf, find_history, moments
from motcua_ops.audit.merkle import Tree
from motcua_ops.audit.restores import days_sealed_anew
from motcua_ops.audit.seals import Signed, seal_key, stored_seals
from motcua_ops.errors import OpsError

FORMAT = "motcua.proof/1"
Proof = dict[str, Any]

_LATE = (timedelta(), timedelta(days=1))


def prove(store: Store, archive: Archive, service: str, name: str, hidden: Collection[str] = ()) -> Proof:
    """Return the proof of an aggregate.

    Args:
        store: the service's database.
        archive: keeps the seals.
        service: name of the service.
        name: `collection/id`.
        hidden: personal fields that the proof must not show; it holds all the same.

    Raises:
        OpsError: there is no such aggregate, or no seal has it yet.
    """
    found = find_history(store, name)
    if found is None:
        raise OpsError(f"{service}: there is no {name}")
    _, document = found
    if "chain" not in document:
        raise OpsError(f"{service}: the history of {name} is not linked yet; see `motcua audit adopt`")
    signed, leaf, tree = _sealed(archive, service, name, document)
    return {
        "format": FORMAT,
        "service": service,
        "name": name,
        "entries": entries_of(document, hidden),
        "leaf": {"version": leaf.version, "index": tree.index, "path": [each.hex() for each in tree.path]},
        "seal": signed.text,
    }


def entries_of(document: Mapping[str, Any], hidden: Collection[str]) -> list[Proof]:
    """Return the linked entries of a document as a proof shows them."""
    entries = {entry["version"]: entry for entry in document["history"]}
    shown = []
    for link in document["chain"]:
        entry, personal = entries.get(link["version"]), {}
        if entry is None:
            raise OpsError(f"entry {link['version']} is not there: run `motcua audit verify`")
        for field, value in commitments(entry, link).items():
            open_to_all = field in link["salts"] and field not in hidden
            personal[field] = (
                {"value": entry[field], "salt": link["salts"][field].hex()}
                if open_to_all
                else {"commitment": value.hex()}
            )
        shown.append(
            {
                "entry": plain(entry),
                "personal": personal,
                "adopted": timestamp(link["adopted"]) if "adopted" in link else "",
                "hash": link["hash"].hex(),
            }
        )
    return shown


def _sealed(archive: Archive, service: str, name: str, document: Mapping[str, Any]) -> tuple[Signed, Leaf, Tree]:
    """Return the latest seal that has the aggregate, its leaf there, and the tree with the path to it.

    A change is in the seal of its day, in that of the day after when it was written late, or, when it is older than all
    seals, in the first; all are in the first after a restore, which makes former leaves untrue.
    """
    days = [date.fromisoformat(day_of(moment)) + late for moment in moments(document).values() for late in _LATE]
    wanted = {seal_key(service, day) for day in (*map(str, days), *days_sealed_anew(archive, service))}
    hashes = {link["version"]: link["hash"].hex() for link in document["chain"]}
    seals = list(stored_seals(archive, service))
    for stored in reversed([each for each in seals if each is seals[0] or each.key in wanted]):
        found = _found(archive, stored, name)
        if found and hashes.get(found[1].version) == found[1].hash:
            return found
    raise OpsError(f"{service}: {name} is in no seal yet; a day is sealed when it is over")


def _found(archive: Archive, stored: Stored, name: str) -> tuple[Signed, Leaf, Tree] | None:
    try:
        signed = Signed.read(stored, archive.read(stored).decode())
    except StatementError as error:
        raise OpsError(f"{stored.key}: {error}") from error
    leaves = next(archive.list(signed.seal.leaves_key), None)
    if leaves is None:
        raise OpsError(f"{signed.seal.leaves_key} is not there: run `motcua audit verify`")
    tree, found = Tree(), None
    with archive.lines(leaves) as lines:
        for line in lines:
            leaf = Leaf.read(line)
            tree.append(line, proven=leaf.name == name)
            found = leaf if leaf.name == name else found
    if found is None:
        return None
    tree.close()
    return signed, found, tree
