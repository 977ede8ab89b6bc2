"""What is measured and what comes of it: samples, probes, rows, and their statistics."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from motcua_devstack.bench.shared import Shared
from motcua_devstack.stack import RunningStack

FEWEST_FOR_QUARTILES = 4


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True)
class Sample:
    """One measurement.

    Attributes:
        value: in the probe's unit.
        details: further figures by name with unit, e.g. `p95 ms`.
    """

    value: float
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """What a probe works with.

    Attributes:
        running: the stack; everything in it is ready.
        folder: for files of this run; it is removed at the start of the next.
        quick: ask for little.
        seconds: how long one sample may take.
        sizes: how many dossiers the rows on large databases have, from small to large.
        say: tells people what goes on.
        profile: where the stacks of the row's processes go, the beginning of files' names; None for no profile.
        shared: what several rows measure with.
    """

    running: RunningStack
    folder: Path
    quick: bool
    seconds: float
    sizes: tuple[int, ...]
    say: Callable[[str], None]
    profile: Path | None = None
    shared: Shared = field(default_factory=Shared)


class Probe(Protocol):
    """Measures one row.

    Attributes:
        name: of the row.
        unit: of its values.
        better: which way is better.
        target: the ratio of suite to limit that is asked for; None where none is.
    """

    name: str
    unit: str
    better: Better
    target: float | None

    def setup(self, bench: Bench) -> None:
        """Make what is measured."""
        ...

    def measure(self) -> Sample:
        """Measure the suite once."""
        ...

    def limit(self) -> Sample | None:
        """Measure the limit once; None where there is none."""
        ...

    def close(self) -> None:
        """End and remove what `setup` made, also when it failed in the middle."""
        ...


@runtime_checkable
class Sufficient(Protocol):
    """A probe for which some speed is enough, whatever share of its limit that is.

    Attributes:
        enough: in the probe's unit; None where only the ratio counts.
    """

    enough: float | None


@dataclass(frozen=True)
class Round:
    """One sample of the suite and the one of its limit beside it."""

    suite: Sample
    limit: Sample | None

    @property
    def ratio(self) -> float | None:
        """Suite to limit; None without a limit."""
        return self.suite.value / self.limit.value if self.limit and self.limit.value else None


@dataclass(frozen=True)
class Row:
    """What came out.

    Attributes:
        value: median of the suite's samples.
        limit: median of the limit's samples; None without a limit.
        ratio: median of the rounds' ratios; None without a limit.
        spread: half the distance between the quartiles of the ratios (without a limit: of the values), relative to
            their median; 0.05 is ±5 %. None after one round, which says nothing of it.
        target: the ratio that is asked for.
        rounds: how many there were.
        wanted: how many there should have been; there are fewer when the time was over.
        details: medians of the suite's further figures.
        limit_details: medians of the limit's.
        enough: the value that meets the target whatever the ratio is; None where there is none.
    """

    name: str
    unit: str
    better: Better
    value: float
    limit: float | None
    ratio: float | None
    spread: float | None
    target: float | None
    rounds: int
    wanted: int = 0
    details: Mapping[str, float] = field(default_factory=dict)
    limit_details: Mapping[str, float] = field(default_factory=dict)
    enough: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None or self.ratio is None:
            return None
        if self.better is Better.LOWER:
            return self.ratio <= self.target
        return self.ratio >= self.target or (self.enough is not None and self.value >= self.enough)


def row_of(probe: Probe, rounds: Sequence[Round], wanted: int) -> Row:
    """Sum up the rounds of a probe, of `wanted`; there is at least one."""
    ratios = [one.ratio for one in rounds if one.ratio is not None]
    suite = [one.suite for one in rounds]
    limits = [one.limit for one in rounds if one.limit is not None]
    return Row(
        name=probe.name,
        unit=probe.unit,
        better=probe.better,
        value=statistics.median(sample.value for sample in suite),
        limit=statistics.median(sample.value for sample in limits) if limits else None,
        ratio=statistics.median(ratios) if ratios else None,
        spread=spread(ratios or [sample.value for sample in suite]),
        target=probe.target,
        rounds=len(rounds),
        wanted=wanted,
        details=_medians(suite),
        limit_details=_medians(limits),
        enough=probe.enough if isinstance(probe, Sufficient) else None,
    )


def spread(values: Sequence[float]) -> float | None:
    """Half the distance between the quartiles, relative to the median; of few values half their range, of one None."""
    if len(values) == 1:
        return None
    middle = statistics.median(values)
    if not middle:
        return 0.0
    if len(values) < FEWEST_FOR_QUARTILES:
        low, high = min(values), max(values)
    else:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / 2 / abs(middle)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of the sorted values lies (nearest rank); there is at least one value."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _medians(samples: Sequence[Sample]) -> dict[str, float]:
    names = dict.fromkeys(name for sample in samples for name in sample.details)
    return {
        name: statistics.median(sample.details[name] for sample in samples if name in sample.details) for name in names
    }
