"""Trees against the definition in RFC 6962, 2.1, word for word, and paths against everything that is none."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_ops.audit.merkle import Tree, root_from

LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)
SAMPLES = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243")]
"""The first leaves that the tests of Certificate Transparency use."""


def defined(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\1" + defined(leaves[:half]) + defined(leaves[half:])).digest()


def grown(leaves: list[bytes], proven: int = -1) -> tuple[bytes, Tree]:
    tree = Tree()
    for number, leaf in enumerate(leaves):
        tree.append(leaf, proven=number == proven)
    return tree.close(), tree


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_root_is_as_defined(leaves: list[bytes]) -> None:
    assert grown(leaves)[0] == defined(leaves)


@pytest.mark.parametrize(
    ("size", "root"),
    [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ],
)
def test_roots_are_those_of_certificate_transparency(size: int, root: str) -> None:
    assert grown(SAMPLES[:size])[0].hex() == root


@given(LEAVES, st.data())
def test_a_path_leads_from_its_leaf_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, tree = grown(leaves, index)
    assert tree.index == index
    assert root_from(leaves[index], index, len(leaves), tree.path) == root
    assert len(tree.path) <= len(leaves).bit_length()


@given(LEAVES, st.data())
def test_no_other_leaf_place_size_or_path_leads_there(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, tree = grown(leaves, index)
    size, path = len(leaves), tree.path
    assert root_from(leaves[index] + b"x", index, size, path) != root
    other = data.draw(st.integers(-1, size).filter(lambda each: each != index))
    if path and len(set(leaves)) == size:
        assert root_from(leaves[index], other, size, path) != root
    assert root_from(leaves[index], index, size, [*path, root]) != root
    if path:
        assert root_from(leaves[index], index, size, path[:-1]) != root
        at = data.draw(st.integers(0, len(path) - 1))
        assert root_from(leaves[index], index, size, [*path[:at], bytes(32), *path[at + 1 :]]) != root


def test_a_node_is_no_leaf() -> None:
    """The prefixes keep a pair of hashes from passing for an entry."""
    root, tree = grown([b"a", b"b", b"c", b"d"], 0)
    pair = sha256(b"\0c").digest() + sha256(b"\0d").digest()
    assert root_from(pair, 1, 2, [tree.path[0]]) != root


def test_many_leaves_take_the_memory_of_a_few() -> None:
    tree = Tree()
    for number in range(100_000):
        tree.append(number.to_bytes(4, "big"), proven=number == 77_777)
        assert len(tree._subtrees) <= 17
    assert root_from((77_777).to_bytes(4, "big"), 77_777, 100_000, tree.path) is None
    root = tree.close()
    assert root_from((77_777).to_bytes(4, "big"), 77_777, 100_000, tree.path) == root
