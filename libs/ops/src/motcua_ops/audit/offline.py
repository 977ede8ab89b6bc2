"""Checking a proof with nothing but the proof, and the certificates that one trusts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.x509 import Certificate

from motcua_kit.documents.statements import Statement, StatementError, is_trusted, read_statement
from motcua_kit.store.chain import FORMAT as ENTRY
from motcua_kit.store.chain import ORIGIN, canonical, commitment
from motcua_ops.audit.leaves import Leaf
from motcua_ops.audit.merkle import root_from
from motcua_ops.audit.proofs import FORMAT
from motcua_ops.audit.seals import KIND, Seal


class ProofError(Exception):
    """A proof does not hold; says where."""


@dataclass(frozen=True)
class Proven:
    """What a proof proves.

    Attributes:
        name: `service collection/id`.
        seal: what was signed.
        statement: who signed it.
        sealed: how many entries the seal covers.
        entries: how many there are; those beyond are linked, and not sealed yet.
    """

    name: str
    seal: Seal
    statement: Statement
    sealed: int
    entries: int


def check(proof: Mapping[str, Any], trusted: Sequence[Certificate]) -> Proven:
    """Check a proof.

    Args:
        proof: as `prove` made it.
        trusted: certificates that the signer must lead to; none: the caller looks at the signer.

    Raises:
        ProofError: it does not hold.
    """
    try:
        return _check(proof, trusted)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProofError(f"it is not a {FORMAT} ({type(error).__name__}: {error})") from error
    except StatementError as error:
        raise ProofError(f"the seal: {error}") from error


def _check(proof: Mapping[str, Any], trusted: Sequence[Certificate]) -> Proven:
    if proof["format"] != FORMAT:
        raise ProofError(f"it is a {proof['format']}, not a {FORMAT}")
    previous = ORIGIN
    for number, entry in enumerate(proof["entries"], start=1):
        previous = _hash(proof["name"], entry, previous)
        if entry["entry"]["version"] != number or previous.hex() != entry["hash"]:
            raise ProofError(f"entry {number} is not what was written")
    shown, statement = proof["leaf"], read_statement(proof["seal"], KIND)
    seal = Seal.read(statement.payload)
    if trusted and not is_trusted(statement, trusted, seal.time):
        raise ProofError(f"the seal is signed by {statement.signer}, whom nobody trusted vouches for")
    if seal.service != proof["service"]:
        raise ProofError(f"the seal is one of {seal.service}")
    if not 1 <= shown["version"] <= len(proof["entries"]):
        raise ProofError("the entry that was sealed is not in the proof")
    leaf = Leaf(proof["name"], shown["version"], proof["entries"][shown["version"] - 1]["hash"])
    root = root_from(leaf.line, shown["index"], seal.leaves, [bytes.fromhex(each) for each in shown["path"]])
    if root is None or root.hex() != seal.root:
        raise ProofError("the path does not lead to what was sealed")
    name = f"{proof['service']} {proof['name']}"
    return Proven(name, seal, statement, shown["version"], len(proof["entries"]))


def _hash(name: str, entry: Mapping[str, Any], previous: bytes) -> bytes:
    form = {
        "format": ENTRY,
        "name": name,
        "entry": entry["entry"],
        "personal": {field: _committed(field, shown) for field, shown in entry["personal"].items()},
        "adopted": entry["adopted"],
        "previous": previous.hex(),
    }
    return sha256(canonical(form)).digest()


def _committed(field: str, shown: Mapping[str, str]) -> str:
    if "commitment" in shown:
        return shown["commitment"]
    return commitment(bytes.fromhex(shown["salt"]), field, shown["value"]).hex()
