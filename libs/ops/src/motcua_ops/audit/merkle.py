"""Merkle trees as in RFC 6962, 2.1: leaves come one by one, and no more than a few hashes are held."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

EMPTY = sha256().digest()
"""Root of a tree without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class _Subtree(NamedTuple):
    size: int
    hash: bytes
    proven: bool


class Tree:
    """A tree that grows.

    Attributes:
        size: leaves so far.
        index: position of the leaf that is to be proven; None as long as there is none.
        path: hashes that lead from that leaf to the root, the lowest first; whole after `close`.
    """

    def __init__(self) -> None:
        self.size = 0
        self.index: int | None = None
        self.path: list[bytes] = []
        self._subtrees: list[_Subtree] = []

    def append(self, leaf: bytes, *, proven: bool = False) -> None:
        """Add a leaf; `proven` marks the one that a path is wanted for."""
        if proven:
            self.index = self.size
        self.size += 1
        last = _Subtree(1, leaf_hash(leaf), proven)
        while self._subtrees and self._subtrees[-1].size == last.size:
            last = self._join(self._subtrees.pop(), last)
        self._subtrees.append(last)

    def close(self) -> bytes:
        """Return the root; nothing can be added any more."""
        if not self._subtrees:
            return EMPTY
        last = self._subtrees.pop()
        while self._subtrees:
            last = self._join(self._subtrees.pop(), last)
        return last.hash

    def _join(self, left: _Subtree, right: _Subtree) -> _Subtree:
        if left.proven or right.proven:
            self.path.append(right.hash if left.proven else left.hash)
        return _Subtree(left.size + right.size, node_hash(left.hash, right.hash), left.proven or right.proven)


def root_from(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root to which a path leads (RFC 9162, 2.1.3.2); None when the path is not one of such a tree.

    Args:
        leaf: the leaf.
        index: its position.
        size: leaves of the tree.
        path: hashes beside the way up, the lowest first.
    """
    if not 0 <= index < size:
        return None
    here, last, root = index, size - 1, leaf_hash(leaf)
    for sibling in path:
        if last == 0:
            return None
        if here % 2 or here == last:
            root = node_hash(sibling, root)
            while here and not here % 2:
                here, last = here >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        here, last = here >> 1, last >> 1
    return root if last == 0 else None
