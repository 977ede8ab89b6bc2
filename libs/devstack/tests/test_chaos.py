"""Plans of faults, and links between two real sockets."""

import socket
import time
from collections.abc import Iterator

import pytest

from motcua_devstack.chaos.faults import KINDS
from motcua_devstack.chaos.links import OPEN, Condition, Links
from motcua_devstack.chaos.plan import deck, draw
from motcua_devstack.chaos.report import BROKEN, holds

ALL = list(KINDS)
SECONDS = 5.0


def test_a_seed_gives_the_same_plan_again_and_another_seed_another() -> None:
    assert draw(7, 50, ALL) == draw(7, 50, ALL)
    assert draw(7, 50, ALL) != draw(8, 50, ALL)
    assert [one.number for one in draw(7, 50, ALL)] == list(range(1, 51))


@pytest.mark.parametrize("seed", range(5))
def test_a_whole_run_has_every_kind_by_its_share_and_kills_every_sort_of_process(seed: int) -> None:
    plan = draw(seed, len(deck(ALL)), ALL)
    assert len(plan) >= 30
    assert sorted(one.kind for one in plan) == sorted(deck(ALL))
    for kind in ("kill", "freeze", "disk-full"):
        hit = {one.target for one in plan if one.kind == kind}
        assert all(hit & set(sort) for sort in KINDS[kind].targets)
    assert sum(one.pause + one.seconds for one in plan) < 420, "it would not end in ten minutes"


@pytest.mark.parametrize("kind", ALL)
def test_durations_keep_their_bounds(kind: str) -> None:
    shortest, longest = KINDS[kind].seconds
    plan = draw(1, 20, [kind])
    assert {one.kind for one in plan} == {kind}
    assert all(shortest - 0.1 <= one.seconds <= longest + 0.1 for one in plan)


@pytest.mark.parametrize("name", BROKEN)
def test_a_run_holds_only_with_nothing_broken(name: str) -> None:
    figures: dict[str, object] = {one: [] for one in BROKEN}
    assert holds(figures)
    assert not holds(figures | {name: ["something"]})


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        yield server


@pytest.fixture
def links() -> Iterator[Links]:
    with Links() as links:
        yield links


def talk(links: Links, listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection through the link."""
    asking = call(links, listener)
    asked, _ = listener.accept()
    asked.settimeout(SECONDS)
    return asking, asked


def call(links: Links, listener: socket.socket) -> socket.socket:
    port = links.way("one", "other", listener.getsockname()[1])
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


def ended(one: socket.socket) -> bool:
    """Whether a connection is over, however it ended."""
    try:
        return one.recv(1) == b""
    except ConnectionError:
        return True


def test_an_open_link_carries_both_ways_and_ends_with_either_end(links: Links, listener: socket.socket) -> None:
    asking, asked = talk(links, listener)
    with asking, asked:
        asking.sendall(b"question")
        assert asked.recv(8) == b"question"
        asked.sendall(b"answer")
        assert asking.recv(6) == b"answer"
        asked.close()
        assert ended(asking)


def test_a_cut_link_ends_old_connections_and_new_ones_until_it_is_open(links: Links, listener: socket.socket) -> None:
    asking, asked = talk(links, listener)
    with asking, asked:
        links.change("one>other", Condition(cut=True))
        assert ended(asking)
        assert ended(asked)
    with call(links, listener) as refused:
        assert ended(refused)
    links.change("one>other", OPEN)
    asking, asked = talk(links, listener)
    with asking, asked:
        asking.sendall(b"again")
        assert asked.recv(5) == b"again"


def test_a_slow_link_delivers_late(links: Links, listener: socket.socket) -> None:
    asking, asked = talk(links, listener)
    with asking, asked:
        links.change("one>other", Condition(delay=0.2))
        begun = time.monotonic()
        asking.sendall(b"x")
        assert asked.recv(1) == b"x"
        assert time.monotonic() - begun >= 0.2


def test_a_half_open_link_hides_the_end_from_who_asks_until_it_is_open(links: Links, listener: socket.socket) -> None:
    asking, asked = talk(links, listener)
    with asking, asked:
        links.change("one>other", Condition(silent=True))
        assert ended(asked)
        asking.sendall(b"into the void")
        asking.settimeout(0.2)
        with pytest.raises(TimeoutError):
            asking.recv(1)
        with call(links, listener) as newcomer:
            newcomer.settimeout(0.2)
            with pytest.raises(TimeoutError):
                newcomer.recv(1)
        asking.settimeout(SECONDS)
        links.change("one>other", OPEN)
        assert ended(asking), "the first sign of life is that nobody knows the connection"


def test_who_reaches_nobody_sees_the_connection_end(links: Links, listener: socket.socket) -> None:
    links.way("one", "other", listener.getsockname()[1])
    listener.close()
    port = links.way("one", "other", 0)
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as asking:
        assert ended(asking)
