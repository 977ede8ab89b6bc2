"""What will go wrong, in which order: drawn from a seed, so that a run can be repeated."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from motcua_devstack.chaos.faults import KINDS, Kind

T = TypeVar("T")

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 3.0
"""Seconds of peace before a fault."""


@dataclass(frozen=True)
class Injection:
    """One fault of a plan.

    Attributes:
        number: counted from 1.
        kind: a key of `KINDS`.
        target: what it hits.
        pause: seconds of peace before it.
        seconds: how long it lasts; 0 when it is over at once.
    """

    number: int
    kind: str
    target: str
    pause: float
    seconds: float

    def __str__(self) -> str:
        """The fault as people read it."""
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.kind} {self.target}{lasting}"


def deck(kinds: Sequence[str]) -> list[str]:
    """The kinds as often as a whole run has them."""
    return [name for name in kinds for _ in range(KINDS[name].share)]


def draw(seed: int, rounds: int, kinds: Sequence[str]) -> list[Injection]:
    """Draw a plan: the same arguments give the same one.

    A kind's targets take turns, so that a run as long as the deck hits a thing of each sort.

    Args:
        seed: of the draw.
        rounds: how many faults.
        kinds: keys of `KINDS`.
    """
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    targets = {name: _turns(chance, KINDS[name]) for name in kinds}
    plan = []
    for number, name in enumerate(itertools.islice(_shuffled_for_ever(chance, deck(kinds)), rounds), 1):
        shortest, longest = KINDS[name].seconds
        pause, seconds = chance.uniform(SHORTEST_PAUSE, LONGEST_PAUSE), chance.uniform(shortest, longest)
        plan.append(Injection(number, name, next(targets[name]), round(pause, 1), round(seconds, 1)))
    return plan


def _turns(chance: random.Random, kind: Kind) -> Iterator[str]:
    for sort in _shuffled_for_ever(chance, kind.targets):
        yield chance.choice(sort)


def _shuffled_for_ever(chance: random.Random, items: Sequence[T]) -> Iterator[T]:
    while True:
        yield from chance.sample(items, len(items))
